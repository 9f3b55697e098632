package immich

import (
	"strings"

	"github.com/signedin/signedin/session/locale"
)

// maxNamed is how many devices a remark names.
const maxNamed = 5

// Remarks are what a page says of Immich's own list, in a language, nil for English: what
// activity.Config.Remarks returns.
func Remarks(l *locale.Locale, c Comparison) (all []string) {
	if n := len(c.Unseen); n > 0 {
		var names []string
		for _, u := range c.Unseen[:min(n, maxNamed)] {
			name := strings.TrimSpace(u.DeviceType + " " + u.DeviceOS)
			if name == "" {
				name = l.Say("device.unknown", "Unknown device")
			}
			names = append(names, Say(l, "since", name, l.Date(u.SignedInAt)))
		}
		if n > maxNamed {
			names = append(names, Say(l, "others"))
		}
		all = append(all, counted(l, "unseen", n, strings.Join(names, "; ")))
	}
	if n := c.StillSignedIn; n > 0 {
		all = append(all, counted(l, "still", n))
	}
	return all
}

func counted(l *locale.Locale, name string, n int, args ...any) string {
	if n == 1 {
		return Say(l, name+".one", args...)
	}
	return Say(l, name+".text", append([]any{n}, args...)...)
}
