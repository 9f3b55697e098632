package locale_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

var made = &locale.Locale{
	Tag: "x-made", Texts: map[string]string{
		"device.on": "%[2]s: %[1]s", "device.app on": "%[2]s: %[1]s!", "device.unknown": "?", "device.bot": "%s <bot>",
		"page.things[few]": "few %d", "page.things[other]": "%d of them", "page.pair": "both",
		"country.PT": "PORTUGAL", "place.part": "part of %s", "place.city": "%[2]s/%[1]s",
		"signal.x.count[few]": "{n} few", "signal.x.count[other]": "{n} many", "signal.x.place": "at {place}", "signal.x.device": "with {device}",
		"time.date": "{y}-{month}-{d}", "time.day": "{month} {d}", "time.month.3": "MAR",
	},
	Plural: func(n int) string {
		if n == 2 {
			return "few"
		}
		return "other"
	},
}

func TestSay(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ got, want string }{
		{made.Say("page.things", "%d things", 2), "few 2"},
		{made.Say("page.things", "%d things", 5), "5 of them"},
		{made.Say("page.pair", "%d", 2), "both"}, // which leaves the number out
		{made.Say("page.nothing", "%d %s 100%%", 2, "a%s"), "2 a%s 100%"},
		{(*locale.Locale)(nil).Say("page.things", "%[2]d of %[1]s", "x", 2), "2 of x"},
		{made.Device(device.Device{Browser: "Chrome", OS: "Windows"}), "Windows: Chrome"},
		{made.Device(device.Device{App: "Photos", OS: "iOS"}), "iOS: Photos!"},
		{made.Device(device.Device{}), "?"},
		{made.Device(device.Device{Kind: device.KindBot}), "Unknown <bot>"},
		{(*locale.Locale)(nil).Device(device.Device{Kind: device.KindBot}), "Unknown (bot)"},
		{made.Label(&session.Session{Name: "Mine", Twin: 2}), "Mine"},
		{made.Label(&session.Session{Twin: 2}), "? (2)"},
		{made.Time(time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("X", 3600))), "2026-MAR-4, 05:06 UTC+01:00"},
		{made.Day(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)), "MAR 4"},
		{(*locale.Locale)(nil).Day(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)), "4 Mar"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestSignal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code, english string
		args          []string
		want          string
		known         bool
	}{
		{"x.count", "", []string{"n", "2"}, "2 few", true},
		{"x.count", "", []string{"n", "9"}, "9 many", true},
		{"x.place", "", []string{"place", "Lisbon, Portugal", "placeCity", "Lisbon", "countryCode", "PT"}, "at PORTUGAL/Lisbon", true},
		{"x.place", "", []string{"place", "this part of Portugal", "placeForm", "part", "countryCode", "PT"}, "at part of PORTUGAL", true},
		{"x.place", "", []string{"place", "another place"}, "at another place", true},
		{"x.device", "", []string{"device", "Chrome on Linux", "deviceWhat", "Chrome", "deviceWhere", "Linux"}, "with Linux: Chrome", true},
		{"x.device", "", []string{"device", "Chrome on Linux"}, "with Chrome on Linux", true}, // as it was stored before
		{"x.count", "Two of them.", nil, "Two of them.", false},
		{"y", "Of another Assessor.", nil, "Of another Assessor.", false},
	} {
		args := map[string]string{}
		for i := 0; i < len(tt.args); i += 2 {
			args[tt.args[i]] = tt.args[i+1]
		}
		got, known := made.Signal(session.Signal{Code: tt.code, Text: tt.english, Args: args})
		if got != tt.want || known != tt.known {
			t.Errorf("%s %v: got %q, %v, want %q", tt.code, tt.args, got, known, tt.want)
		}
	}
}

// What is filled in does not turn the words around it, and a text that starts
// with a foreign name is still read from the right.
func TestRightToLeft(t *testing.T) {
	t.Parallel()
	l := &locale.Locale{Tag: "ar", RightToLeft: true, Texts: map[string]string{"device.on": "%s على %s"}}
	got := l.Device(device.Device{Browser: "Chrome", OS: "Windows"})
	if want := "\u200f\u2068Chrome\u2069 على \u2068Windows\u2069"; got != want {
		t.Errorf("got %+q, want %+q", got, want)
	}
	if l.Dir() != "rtl" || (*locale.Locale)(nil).Dir() != "ltr" || (*locale.Locale)(nil).Lang() != "en" {
		t.Error("direction or language is wrong")
	}
	if english := l.Say("page.x", "%s is here", "Chrome"); strings.ContainsRune(english, '\u2068') {
		t.Errorf("English is isolated: %+q", english)
	}
}
