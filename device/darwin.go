package device

import "strconv"

// rankDarwin is the rank of the kernel's name, which is all that Apple's HTTP
// library says of the system.
const rankDarwin = 2

// readDarwin tells the system from the kernel: a Mac adds its processor. Darwin
// 15 was iOS 9, and they kept step until iOS went from 18 to 26.
func (d *Device) readDarwin(a *agent, version string) {
	for _, mac := range [...]string{"(x86_64)", "(i386)", "mac%20", "macbook", "imac", "macmini"} {
		if contains(a.low, mac) {
			d.OS = "macOS"
			return
		}
	}
	switch major, _ := splitVersion(version); {
	case major >= 25:
		d.OSVersion = strconv.Itoa(major + 1)
	case major >= 15:
		d.OSVersion = strconv.Itoa(major - 6)
	default:
		d.OSVersion = oldDarwin(a)
	}
}

// oldDarwin goes by the HTTP library, for the kernels that two systems shared.
func oldDarwin(a *agent) string {
	major, _ := splitVersion(a.field("cfnetwork/"))
	for _, release := range [...]struct {
		cfNetwork int
		ios       string
	}{{700, "8"}, {670, "7"}, {600, "6"}, {540, "5"}, {480, "4"}} {
		if major >= release.cfNetwork {
			return release.ios
		}
	}
	return ""
}
