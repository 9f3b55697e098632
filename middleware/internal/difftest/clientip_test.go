package difftest_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	chi "github.com/go-chi/chi/v5/middleware"

	"github.com/signedin/signedin/middleware"
)

// FuzzXForwardedFor checks that both find the same client, but that middleware
// also reads addresses with a port or in brackets, drops the zone of the
// connection, and names the connection, not exact, where chi names nobody.
func FuzzXForwardedFor(f *testing.F) {
	for _, c := range []struct{ peer, lines string }{
		{"198.51.100.7", "8.8.8.8"},
		{"10.0.0.1", "8.8.8.8, 198.51.100.7, 10.9.9.9"},
		{"10.0.0.1", "8.8.8.8|198.51.100.7"},
		{"10.0.0.1", "8.8.8.8, garbage, 10.2.2.2"},
		{"10.0.0.1", "198.51.100.7:4711, 10.2.2.2:1"},
		{"10.0.0.1", "[2001:db8::5]:4711, [fd00::1]"},
		{"10.0.0.1", `"8.8.8.8, 198.51.100.7`},
		{"10.0.0.1", "198.51.100.7, ,|"},
		{"10.0.0.1", "8.8.8.8, 010.0.0.1"},
		{"::ffff:10.0.0.1", "::ffff:198.51.100.7, ::ffff:10.3.3.3"},
		{"fd00::1%eth0", "fe80::1%eth0"},
		{"fe80::1%eth0", "8.8.8.8"},
		{"2002:a00:1::1", "8.8.8.8"},
	} {
		f.Add(c.peer, c.lines)
	}
	ours, theirs := newOurs(f), newTheirs()
	f.Fuzz(func(t *testing.T, peer, lines string) {
		addr, err := netip.ParseAddr(peer)
		if err != nil {
			t.Skip("net/http names a peer by its address")
		}
		r := request(netip.AddrPortFrom(addr, 4711).String(), lines)
		got, exact := ours(r)
		want := theirs(r).WithZone("")
		switch {
		case !exact && want.IsValid():
			t.Errorf("%q from %s: nobody, chi %v", lines, r.RemoteAddr, want)
		case exact && !want.IsValid():
			plain := withoutPorts(lines)
			if want = theirs(request(r.RemoteAddr, plain)); got != want {
				t.Errorf("%q from %s: %v, chi without ports %v of %q", lines, r.RemoteAddr, got, want, plain)
			}
		case exact && got != want:
			t.Errorf("%q from %s: %v, chi %v", lines, r.RemoteAddr, got, want)
		}
	})
}

func newOurs(f *testing.F) middleware.ClientIP {
	clientIP, err := middleware.TrustedProxies([]netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"),
	}, middleware.ProxyConfig{})
	if err != nil {
		f.Fatal(err)
	}
	return clientIP
}

func newTheirs() func(*http.Request) netip.Addr {
	wrap := chi.ClientIPFromXFF("10.0.0.0/8", "fd00::/8")
	return func(r *http.Request) (ip netip.Addr) {
		wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ip = chi.GetClientIPAddr(r.Context())
		})).ServeHTTP(httptest.NewRecorder(), r)
		return ip
	}
}

func request(peer, lines string) *http.Request {
	return &http.Request{
		RemoteAddr: peer,
		Header:     http.Header{"X-Forwarded-For": strings.Split(lines, "|")},
	}
}

// withoutPorts writes every element of a list as chi can read it.
func withoutPorts(lines string) string {
	elements := strings.FieldsFunc(lines, func(c rune) bool { return c == ',' || c == '|' })
	for i, e := range elements {
		e = strings.TrimSpace(e)
		if inner, ok := strings.CutPrefix(e, "["); ok && strings.HasSuffix(inner, "]") {
			e += ":0"
		}
		if ap, err := netip.ParseAddrPort(e); err == nil {
			elements[i] = ap.Addr().String()
		}
	}
	return strings.Join(elements, ",")
}
