package middleware

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/signedin/signedin/session"
)

// privateNetworks are those of which no address is reached from the internet:
// RFC 1918, 4193, 3927, 4291 and 6598, the last also used by overlay networks.
var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("::1/128"),
}

func checkInsecure(cfg Config) error {
	if len(cfg.InsecureNetworks) > 0 && !cfg.InsecureCookie {
		return errors.New("middleware: Config.InsecureNetworks is set, and InsecureCookie is not")
	}
	for _, n := range cfg.InsecureNetworks {
		private := false
		for _, p := range privateNetworks {
			private = private || n.IsValid() && p.Bits() <= n.Bits() && p.Contains(n.Addr())
		}
		if !private {
			return fmt.Errorf("middleware: Config.InsecureNetworks: %s is not within a private network", n)
		}
	}
	return nil
}

// refusedAsInsecure returns ErrInsecureCookie if the cookie would have to be
// Secure for r, and says so in the log, once a minute.
func (m *Middleware) refusedAsInsecure(r *http.Request) error {
	if !m.cfg.InsecureCookie {
		return nil
	}
	why := insecureWhy(r, m.cfg.InsecureNetworks)
	if why == "" {
		return nil
	}
	if m.logs.allows(logInsecure, m.manager.Now()) {
		m.cfg.Logger.ErrorContext(r.Context(), "middleware: a request is answered 500, since Config.InsecureCookie is set and "+why,
			"host", r.Host, "local address", r.Context().Value(http.LocalAddrContextKey))
	}
	return ErrInsecureCookie
}

var logInsecure = session.ID{'i', 'n', 's', 'e', 'c', 'u', 'r', 'e'}

// insecureWhy says why r may not have a cookie that is not Secure, "" if it may.
func insecureWhy(r *http.Request, networks []netip.Prefix) string {
	addr, ok := localAddr(r)
	for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Scheme", "Forwarded"} {
		for _, v := range r.Header[name] {
			if strings.Contains(strings.ToLower(v), "https") {
				return "the browser came by https: take InsecureCookie away"
			}
		}
	}
	if r.TLS != nil {
		return "the request came by https: take InsecureCookie away"
	}
	if isForwarded(r) && isPublicHost(r.Host) {
		return "a proxy passes on requests to a public name: have https there, and take InsecureCookie away"
	}
	if ok && addr.IsLoopback() {
		return ""
	}
	if !ok {
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		switch {
		case local != nil && local.Network() == "unix" && len(networks) > 0:
			return ""
		case local == nil && r.RemoteAddr == recorderAddr:
			return ""
		}
		return "the server's own address is not known"
	}
	for _, n := range networks {
		if n.Contains(addr) {
			return ""
		}
	}
	return "the server's own address is neither loopback nor in Config.InsecureNetworks"
}

// recorderAddr is what httptest.NewRequest says, an address that nobody has
// (RFC 5737).
const recorderAddr = "192.0.2.1:1234"

func localAddr(r *http.Request) (netip.Addr, bool) {
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return netip.Addr{}, false
	}
	return addr.AddrPort().Addr().Unmap().WithZone(""), true
}

func isForwarded(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"} {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// isPublicHost reports whether a Host may be reached from the internet: neither a
// private address, nor a name without a dot, nor one that is kept for homes and
// private use (RFC 6761, 6762, 8375, and .internal).
func isPublicHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		for _, p := range privateNetworks {
			if p.Contains(ip.Unmap().WithZone("")) {
				return false
			}
		}
		return true
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, end := range []string{".localhost", ".local", ".lan", ".home.arpa", ".internal", ".test"} {
		if strings.HasSuffix(host, end) {
			return false
		}
	}
	return strings.Contains(host, ".")
}

// InsecureCookie reports whether Config.InsecureCookie is set, for a host's
// other cookies.
func (m *Middleware) InsecureCookie() bool { return m.cfg.InsecureCookie }
