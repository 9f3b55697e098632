package middleware_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
)

// What reads addresses of IPv4 by itself reads no more than net/netip does.
func FuzzRemoteAddr(f *testing.F) {
	for _, s := range []string{"192.0.2.1:4711", "192.0.2.1", "0.0.0.0:0", "255.255.255.255:65535", "1.2.3.4:065535", "1.2.3.4:", "1.2.3.4:0",
		"01.2.3.4:1", "1.2.3:4", "1.2.3.4.5:6", "1.2.3.256:1", "1.2.3.4:65536", "1..3.4:5", ":1", "", ".", "1.2.3.4:5:6", " 1.2.3.4:5", "[::1]:80", "::ffff:1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ip, exact := middleware.RemoteAddr(&http.Request{RemoteAddr: s})
		if !exact || !strings.Contains(s, ".") || strings.Contains(s, "]") || strings.Contains(s, "::") {
			return
		}
		host, port, found := strings.Cut(strings.TrimSpace(s), ":")
		want, err := netip.ParseAddr(host)
		if err != nil || ip != want {
			t.Errorf("%q: %v, want %v (%v)", s, ip, want, err)
		}
		if _, err := netip.ParseAddrPort("1.2.3.4:" + port); found && err != nil {
			t.Errorf("%q: a port that is none", s)
		}
	})
}

func TestRemoteAddrOfIPv4(t *testing.T) {
	for s, want := range map[string]string{
		"192.0.2.1:4711": "192.0.2.1", "192.0.2.1": "192.0.2.1", "0.0.0.0:0": "0.0.0.0", "255.255.255.255:65535": "255.255.255.255",
		"1.2.3.4:080": "1.2.3.4", " 1.2.3.4:5 ": "1.2.3.4", "::ffff:1.2.3.4": "1.2.3.4",
		"01.2.3.4:1": "", "1.2.3:4": "", "1.2.3": "", "1.2.3.4.5:6": "", "1.2.3.256:1": "", "1.2.3.4:65536": "", "1..3.4:5": "", "1.2.3.4:": "", "1.2.3.4:5:6": "", "1.2.3.:4": "", "": "", "1.2.3.4x": "",
	} {
		ip, exact := middleware.RemoteAddr(&http.Request{RemoteAddr: s})
		if exact != (want != "") || exact && ip.String() != want {
			t.Errorf("%q: %v, %v", s, ip, exact)
		}
	}
}
