package main

import (
	"fmt"
	"strings"

	"github.com/signedin/signedin/middleware/immich"
)

// maxNamed is how many devices a remark names.
const maxNamed = 5

// remarks are what the page says of Immich's own list.
func remarks(c immich.Comparison) (all []string) {
	if n := len(c.Unseen); n > 0 {
		names := make([]string, 0, maxNamed+1)
		for i, u := range c.Unseen {
			if i == maxNamed {
				names = append(names, "and others")
				break
			}
			name := strings.TrimSpace(u.DeviceType + " " + u.DeviceOS)
			if name == "" {
				name = "an unknown device"
			}
			names = append(names, fmt.Sprintf("%s, since %s", name, u.SignedInAt.Format("2 January 2006")))
		}
		all = append(all, fmt.Sprintf("Immich has %s more that %s not come by here: %s. Immich's own settings, under Authorized Devices, sign them out.",
			plural(n, "device"), verb(n, "has", "have"), strings.Join(names, "; ")))
	}
	if n := c.StillSignedIn; n > 0 {
		all = append(all, fmt.Sprintf("Of what was signed out here, %s %s still signed in at Immich, for who reaches it by another address. It is tried again each time that you open this page.",
			plural(n, "device"), verb(n, "is", "are")))
	}
	return all
}

func plural(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}

func verb(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
