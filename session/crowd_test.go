package session_test

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// A proxy that is not trusted is noticed when everybody comes from it; a network
// in which people have addresses of their own is not, nor is one person.
func TestEverybodyFromOneAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from []string // of one user after the other
		want string
	}{
		"a proxy":               {[]string{"172.18.0.1", "172.18.0.1", "172.18.0.1", "172.18.0.1"}, "172.18.0.1"},
		"as it is mapped":       {[]string{"::ffff:172.18.0.1", "172.18.0.1", "172.18.0.1"}, "172.18.0.1"},
		"two people":            {[]string{"172.18.0.1", "172.18.0.1"}, ""},
		"a local network":       {[]string{"192.168.1.2", "192.168.1.3", "192.168.1.4", "192.168.1.2"}, ""},
		"some from elsewhere":   {[]string{"172.18.0.1", "172.18.0.1", "81.1.1.1", "172.18.0.1"}, ""},
		"one public address":    {[]string{"81.1.1.1", "81.1.1.1", "81.1.1.1"}, ""},
		"until it is set right": {[]string{"172.18.0.1", "172.18.0.1", "172.18.0.1", "81.1.1.1"}, ""},
	} {
		var log bytes.Buffer
		m, err := session.New(memstore.New(), session.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		for i, ip := range c.from {
			ticket, err := m.BeginSignIn(t.Context(), string(rune('a'+i)))
			if err == nil {
				_, _, err = m.Start(t.Context(), ticket, session.Origin{IP: netip.MustParseAddr(ip)}, session.StartOptions{})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		got := ""
		if a := m.Stats().OneAddress; a.IsValid() {
			got = a.String()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if told := strings.Count(log.String(), "everybody comes from 172.18.0.1"); c.want != "" && told != 1 || strings.Contains(name, "local") && told != 0 {
			t.Errorf("%s: told %d times: %s", name, told, log.String())
		}
	}
}
