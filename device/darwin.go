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
	}
}
