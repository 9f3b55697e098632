package middleware_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// trusted is what the proxies of these tests use.
var trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

const (
	client = "198.51.100.7"
	liar   = "8.8.8.8" // who the client says it is
	proxy  = "10.0.0.1"
)

// clientIPCases are the ways to lie about an address that are known from other
// software. want is followed by "?" where the address is not exact.
var clientIPCases = []struct {
	name, peer, xff, other, want string // xff: lines separated by "|"
}{
	{"direct", client + ":1", "", "", client},
	{"direct, lying", client + ":1", liar, "", client},
	{"one proxy", proxy + ":1", client, "", client},
	{"one proxy, client lies", proxy + ":1", liar + ", " + client, "", client},
	{"two proxies, client lies", proxy + ":1", liar + ", " + client + ", 10.9.9.9", "", client},
	{"two header lines", proxy + ":1", liar + "|" + client, "", client},
	{"client claims to be a proxy", proxy + ":1", "10.1.1.1, " + client, "", client},
	{"garbage between", proxy + ":1", liar + ", garbage, 10.2.2.2", "", proxy + "?"},
	{"client mapped into IPv6", proxy + ":1", "::ffff:" + client, "", client},
	{"peer mapped into IPv6", "[::ffff:10.0.0.1]:1", client, "", client},
	{"proxy mapped into IPv6", proxy + ":1", client + ", ::ffff:10.3.3.3", "", client},
	{"client with port", proxy + ":1", client + ":4711", "", client},
	{"IPv6 client with port", proxy + ":1", "[2001:db8::5]:4711", "", "2001:db8::5"},
	{"zone", proxy + ":1", "fe80::1%eth0", "", "fe80::1"},
	{"another header, direct", client + ":1", "", "X-Real-IP: " + liar, client},
	{"another header instead", proxy + ":1", "", "X-Real-IP: " + liar, proxy + "?"},
	{"another header besides", proxy + ":1", client, "True-Client-IP: " + liar, client},
	{"Forwarded, not configured", proxy + ":1", "", "Forwarded: for=" + client + ";proto=https", proxy + "?"},
	{"empty elements", proxy + ":1", client + ", ,", "", client},
	{"proxies only", proxy + ":1", "10.1.1.1, 10.2.2.2", "", proxy + "?"},
	{"leading zero", proxy + ":1", liar + ", 010.0.0.1", "", proxy + "?"},

	{"no address at all", "@", client, "", "invalid IP?"},
	{"peer with zone", "[fd00::1%eth0]:1", client, "", client},
	{"peer inside 6to4", "[2002:a00:1::1]:1", liar, "", "2002:a00:1::1"},
	{"proxy inside NAT64", proxy + ":1", liar + ", 64:ff9b::a00:1", "", "64:ff9b::a00:1"},
	{"zone on IPv4", proxy + ":1", liar + ", 10.0.0.2%x", "", proxy + "?"},
	{"port out of range", proxy + ":1", client + ":65536", "", proxy + "?"},
	{"brackets around IPv4", proxy + ":1", "[" + client + "]:1", "", proxy + "?"},
	{"quotation mark left of the client", proxy + ":1", `"` + liar + `, ` + client, "", client},
	{"tabs", proxy + ":1", liar + ",\t" + client + "\t", "", client},
	{"empty line", proxy + ":1", client + "|", "", client},
}

func TestTrustedProxies(t *testing.T) {
	clientIP := mustTrust(t, middleware.ProxyConfig{})
	for _, c := range clientIPCases {
		r := request(c.peer, "X-Forwarded-For", c.xff)
		if name, value, ok := strings.Cut(c.other, ": "); ok {
			r.Header.Set(name, value)
		}
		if got := show(clientIP(r)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if r.RemoteAddr != c.peer {
			t.Errorf("%s: RemoteAddr became %s", c.name, r.RemoteAddr)
		}
	}
}

func TestForwarded(t *testing.T) {
	clientIP := mustTrust(t, middleware.ProxyConfig{Header: "forwarded"})
	for _, c := range []struct{ name, peer, header, want string }{
		{"one proxy", proxy + ":1", "for=" + client, client},
		{"direct, lying", client + ":1", "for=" + liar, client},
		{"among others", proxy + ":1", `by=10.0.0.1;FOR="198.51.100.7:4711"; proto=https`, client},
		{"IPv6", proxy + ":1", `for="[2001:db8::5]:4711"`, "2001:db8::5"},
		{"client lies", proxy + ":1", "for=" + liar + ", for=" + client + ", for=10.9.9.9", client},
		{"two lines", proxy + ":1", "for=" + liar + "|for=" + client, client},
		{"open quotation mark", proxy + ":1", `for="` + liar + `, for=` + client, client},
		{"comma in quotes", proxy + ":1", `for=198.51.100.7;x="a, for=8.8.8.8"`, client},
		{"escaped quotes", proxy + ":1", `for=198.51.100.7;host="x\", for=8.8.8.8;host=\"y"`, client},
		{"escaped backslash", proxy + ":1", `for=8.8.8.8;host="x\\", for=198.51.100.7;host="\\"`, client},
		{"said twice", proxy + ":1", "for=" + client + ";for=" + liar, proxy + "?"},
		{"without for", proxy + ":1", "for=" + liar + ", proto=https", proxy + "?"},
		{"unknown", proxy + ":1", "for=" + liar + ", for=unknown", proxy + "?"},
		{"hidden", proxy + ":1", "for=" + liar + ", for=_SEVKISEK", proxy + "?"},
		{"quote never closed", proxy + ":1", `for=198.51.100.7"`, proxy + "?"},
		{"missing", proxy + ":1", "", proxy + "?"},
	} {
		if got := show(clientIP(request(c.peer, "Forwarded", c.header))); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestSingleAddressHeader(t *testing.T) {
	clientIP := mustTrust(t, middleware.ProxyConfig{Header: "CF-Connecting-IP"})
	for _, c := range []struct{ name, peer, header, want string }{
		{"from the proxy", proxy + ":1", client, client},
		{"IPv6", proxy + ":1", "2001:db8::5", "2001:db8::5"},
		{"direct, lying", client + ":1", liar, client},
		{"the last one counts", proxy + ":1", liar + "|" + client, client},
		{"the last one is garbage", proxy + ":1", liar + "|garbage", proxy + "?"},
		{"a list", proxy + ":1", liar + ", " + client, proxy + "?"},
		{"a proxy", proxy + ":1", "10.9.9.9", proxy + "?"},
		{"missing", proxy + ":1", "", proxy + "?"},
	} {
		r := request(c.peer, "Cf-Connecting-Ip", c.header)
		r.Header.Set("X-Forwarded-For", liar)
		if got := show(clientIP(r)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestRemoteAddr(t *testing.T) {
	for peer, want := range map[string]string{
		"198.51.100.7:4711":     client,
		"198.51.100.7":          client,
		"[2001:db8::5]:1":       "2001:db8::5",
		"[fe80::1%eth0]:1":      "fe80::1",
		"[::ffff:8.8.8.8]:4711": liar,
		"@":                     "invalid IP?",
		"":                      "invalid IP?",
	} {
		r := request(peer, "X-Forwarded-For", "192.0.2.1")
		if got := show(middleware.RemoteAddr(r)); got != want {
			t.Errorf("%q: %s, want %s", peer, got, want)
		}
	}
}

func TestTrustedProxiesRefuses(t *testing.T) {
	for name, networks := range map[string][]netip.Prefix{
		"nobody":          nil,
		"an invalid one":  {netip.Prefix{}},
		"everybody":       {netip.MustParsePrefix("0.0.0.0/0")},
		"everybody, IPv6": {trusted[0], netip.MustParsePrefix("::/0")},
		"mapped IPv4":     {netip.PrefixFrom(netip.MustParseAddr("::ffff:10.0.0.0"), 104)},
	} {
		if _, err := middleware.TrustedProxies(networks, middleware.ProxyConfig{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, header := range []string{"X Real IP", "X-Real-IP:", "é"} {
		if _, err := middleware.TrustedProxies(trusted, middleware.ProxyConfig{Header: header}); err == nil {
			t.Errorf("header %q: no error", header)
		}
	}
}

func TestTrustedProxiesCopiesNetworks(t *testing.T) {
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/8")}
	clientIP, err := middleware.TrustedProxies(networks, middleware.ProxyConfig{})
	if err != nil {
		t.Fatal(err)
	}
	networks[0] = netip.MustParsePrefix("192.0.2.0/24")
	if got := show(clientIP(request("10.9.9.9:1", "X-Forwarded-For", client))); got != client {
		t.Errorf("%s, want %s", got, client)
	}
}

func TestClientIPAllocations(t *testing.T) {
	for header, value := range map[string]string{
		"X-Forwarded-For": "8.8.8.8, 2001:db8::5, 10.2.2.2, fd00::5",
		"Forwarded":       `for=8.8.8.8, for="[2001:db8::5]:4711";proto=https, for=10.2.2.2`,
		"X-Real-Ip":       "garbage",
	} {
		clientIP := mustTrust(t, middleware.ProxyConfig{Header: header})
		r := request(proxy+":1", header, value)
		if n := need.Allocations(func() { clientIP(r) }); n > 2 {
			t.Errorf("%s: %v allocations, want at most 2", header, n)
		}
	}
}

func FuzzXForwardedFor(f *testing.F) {
	for _, c := range clientIPCases {
		f.Add(c.peer, c.xff)
	}
	f.Fuzz(func(t *testing.T, peer, lines string) {
		checkInvariants(t, "X-Forwarded-For", peer, lines)
	})
}

func FuzzForwarded(f *testing.F) {
	f.Add(proxy+":1", `for="[2001:db8::5]:4711";proto=https, for=10.2.2.2`)
	f.Add(proxy+":1", `for=198.51.100.7;host="x\", for=8.8.8.8;host=\"y"`)
	f.Fuzz(func(t *testing.T, peer, lines string) {
		checkInvariants(t, "Forwarded", peer, lines)
	})
}

// checkInvariants checks what holds whatever the header says, and that nothing
// that a client writes in front of it changes the answer.
func checkInvariants(t *testing.T, header, peer, lines string) {
	clientIP := mustTrust(t, middleware.ProxyConfig{Header: header})
	r := request(peer, header, lines)
	ip, exact := clientIP(r)
	remote, known := middleware.RemoteAddr(r)
	if ip.Is4In6() || ip.Zone() != "" {
		t.Errorf("%v is not plain", ip)
	}
	if !exact && ip != remote {
		t.Errorf("%v is neither exact nor the peer %v", ip, remote)
	}
	if known && !isTrusted(remote) && (ip != remote || !exact) {
		t.Errorf("%v, %v from an untrusted peer %v", ip, exact, remote)
	}
	if exact && isTrusted(ip) {
		t.Errorf("%v is a proxy, not a client", ip)
	}
	if !exact {
		return
	}
	r.Header[header] = append([]string{liar, `for="` + liar}, r.Header[header]...)
	if again, _ := clientIP(r); again != ip {
		t.Errorf("the client changed its address from %v to %v", ip, again)
	}
}

func isTrusted(ip netip.Addr) bool { return trusted[0].Contains(ip) || trusted[1].Contains(ip) }

func BenchmarkTrustedProxies(b *testing.B) {
	clientIP := mustTrust(b, middleware.ProxyConfig{})
	r := request(proxy+":1", "X-Forwarded-For", "8.8.8.8, 198.51.100.7, 10.2.2.2")
	b.ReportAllocs()
	for b.Loop() {
		clientIP(r)
	}
}

func ExampleTrustedProxies() {
	clientIP, err := middleware.TrustedProxies(
		[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, middleware.ProxyConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.1:34567"
	r.Header.Set("X-Forwarded-For", "8.8.8.8, 198.51.100.7") // the client wrote the first itself
	fmt.Println(clientIP(r))
	// Output: 198.51.100.7 true
}

func mustTrust(t testing.TB, cfg middleware.ProxyConfig) middleware.ClientIP {
	t.Helper()
	clientIP, err := middleware.TrustedProxies(trusted, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return clientIP
}

// request comes from peer with the lines, separated by "|", in header.
func request(peer, header, lines string) *http.Request {
	r := &http.Request{RemoteAddr: peer, Header: http.Header{}}
	if lines != "" {
		r.Header[header] = strings.Split(lines, "|")
	}
	return r
}

func show(ip netip.Addr, exact bool) string {
	if !exact {
		return ip.String() + "?"
	}
	return ip.String()
}

// Where a proxy is not trusted, nobody's place is that of the proxy, and the log says
// so once.
func TestUntrustedProxy(t *testing.T) {
	t.Parallel()
	for peer, c := range map[string]struct {
		known, logged bool
	}{"127.0.0.1:5": {false, true}, "[::1]:5": {false, true}, "10.0.0.7:5": {true, true}, "203.0.113.9:5": {true, false}} {
		var log bytes.Buffer
		m, err := session.New(memstore.New(), session.Config{})
		if err != nil {
			t.Fatal(err)
		}
		mw, err := middleware.New(m, middleware.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			r := httptest.NewRequest("GET", "/", nil)
			if r.RemoteAddr = peer; !mw.Origin(r).IP.IsValid() {
				t.Errorf("%s, and no proxy: not known", peer)
			}
			r.Header.Set("X-Forwarded-For", "8.8.8.8")
			if known := mw.Origin(r).IP.IsValid(); known != c.known {
				t.Errorf("%s: known: %v", peer, known)
			}
		}
		if n := strings.Count(log.String(), "X-Forwarded-For comes from "); n > 1 || (n == 1) != c.logged {
			t.Errorf("%s: logged %d times: %s", peer, n, &log)
		}
	}
}
