package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A ClientIP tells the address that a request comes from. exact is false when
// only a proxy's address is known: such an address is no one's place and must
// not be looked up.
//
// A host that already finds the address in another way says so with a function
// of its own, here for the middleware of chi:
//
//	func(r *http.Request) (netip.Addr, bool) {
//		ip := chimiddleware.GetClientIPAddr(r.Context())
//		return ip, ip.IsValid()
//	}
//
// or with [ClientIPText].
type ClientIP func(r *http.Request) (ip netip.Addr, exact bool)

// ClientIPText returns a ClientIP for a host that has the address as text, "" if
// it is not known: with or without a port.
func ClientIPText(find func(r *http.Request) string) ClientIP {
	return func(r *http.Request) (netip.Addr, bool) { return parseNode(find(r)) }
}

// RemoteAddr tells the other end of the connection and reads no header, which
// anyone can write. Behind a proxy that is the proxy: use [TrustedProxies].
func RemoteAddr(r *http.Request) (ip netip.Addr, exact bool) {
	return parseNode(r.RemoteAddr)
}

var _ ClientIP = RemoteAddr

// ProxyConfig says how one's proxies pass on the address of their client.
type ProxyConfig struct {
	// Header is the one header that is read. X-Forwarded-For and Forwarded (RFC
	// 7239) are lists, to which each proxy appends the address of its client; any
	// other, such as CF-Connecting-IP or X-Real-IP, holds one address. Each proxy
	// must append to it or replace it: some that are named after a product, such
	// as True-Client-IP, pass through from the client unless it is told otherwise.
	// Defaults to "X-Forwarded-For".
	Header string
}

// TrustedProxies returns a ClientIP for servers behind proxies whose addresses
// are all in the given networks.
//
// Starting with the other end of the connection, it goes from proxy to proxy
// for as long as they are trusted. The first address that is not is the client;
// what stands beyond it is the client's own claim and never looked at. If the
// header is missing, malformed, or names trusted proxies only, the address is
// that of the connection, not exact. A connection from elsewhere is the
// client's own, whatever its headers say.
//
// No network, one that holds every address, or a Header that cannot be one is
// an error.
func TrustedProxies(networks []netip.Prefix, cfg ProxyConfig) (ClientIP, error) {
	if cfg.Header == "" {
		cfg.Header = "X-Forwarded-For"
	}
	if strings.ContainsFunc(cfg.Header, notToken) {
		return nil, fmt.Errorf("middleware: trusted proxies: %q cannot be a header", cfg.Header)
	}
	if len(networks) == 0 {
		return nil, errors.New("middleware: trusted proxies: no networks")
	}
	p := proxies{header: http.CanonicalHeaderKey(cfg.Header)}
	for _, n := range networks {
		switch {
		case !n.IsValid(), n.Addr().Is4In6():
			return nil, fmt.Errorf("middleware: trusted proxies: %v is no network of IPv4 or IPv6 addresses", n)
		case n.Bits() == 0:
			return nil, fmt.Errorf("middleware: trusted proxies: %v would let every client choose its address", n)
		}
		p.trusted = append(p.trusted, n.Masked())
	}
	return p.clientIP, nil
}

func notToken(c rune) bool {
	return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
}

type proxies struct {
	trusted []netip.Prefix
	header  string
}

func (p *proxies) clientIP(r *http.Request) (netip.Addr, bool) {
	peer, ok := RemoteAddr(r)
	if !ok || !p.trusts(peer) {
		return peer, ok
	}
	if ip, ok := p.passedOn(r.Header[p.header]); ok && !p.trusts(ip) {
		return ip, true
	}
	return peer, false
}

// trusts takes addresses as they came: a 6to4 address that contains a trusted
// one is anybody's.
func (p *proxies) trusts(ip netip.Addr) bool {
	return slices.ContainsFunc(p.trusted, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// passedOn returns the address that the trusted proxies name as their client.
func (p *proxies) passedOn(lines []string) (netip.Addr, bool) {
	switch p.header {
	case "X-Forwarded-For":
		return p.walk(lines, parseNode)
	case "Forwarded":
		return p.walk(lines, parseForwarded)
	}
	if len(lines) == 0 {
		return netip.Addr{}, false
	}
	return parseNode(lines[len(lines)-1])
}

// walk goes from the nearest entry to the farthest, through all lines of the
// header: a second line is the same list continued.
func (p *proxies) walk(lines []string, parse func(string) (netip.Addr, bool)) (netip.Addr, bool) {
	for _, line := range slices.Backward(lines) {
		for line != "" {
			var entry string
			line, entry = cutLast(line, ',')
			if entry == "" {
				continue // RFC 9110, 5.6.1: an empty element counts for nothing
			}
			if ip, ok := parse(entry); !ok || !p.trusts(ip) {
				return ip, ok
			}
		}
	}
	return netip.Addr{}, false
}

// parseForwarded returns the address in the "for" of one element of Forwarded.
func parseForwarded(element string) (ip netip.Addr, ok bool) {
	for element != "" {
		var pair string
		element, pair = cutLast(element, ';')
		name, value, _ := strings.Cut(pair, "=")
		if !strings.EqualFold(name, "for") {
			continue
		}
		if ok {
			return netip.Addr{}, false // two of them: which is a matter of taste
		}
		if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
		if ip, ok = parseNode(value); !ok {
			return netip.Addr{}, false
		}
	}
	return ip, ok
}

// cutLast cuts the text after the last sep that is not in quotes off s. It
// reads from the right, where the trusted proxies write, so that a quotation
// mark further left, which may be a client's, cannot hide what they wrote.
func cutLast(s string, sep byte) (before, last string) {
	quoted := false
	for i := len(s) - 1; i >= 0; i-- {
		switch {
		case s[i] == '"' && !escaped(s[:i]):
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], strings.TrimSpace(s[i+1:])
		}
	}
	return "", strings.TrimSpace(s)
}

// escaped reports whether what follows s is escaped by a backslash at its end.
func escaped(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}

// parseNode reads an address, with or without a port: "192.0.2.1",
// "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711".
func parseNode(s string) (netip.Addr, bool) {
	if ip, ok := parseIPv4(s); ok { // what most are, in a fourth of the time
		return ip, true
	}
	s, ok := cutPort(strings.TrimSpace(s))
	if !ok {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(s)
	return ip.Unmap().WithZone(""), err == nil
}

// parseIPv4 reads what needs no second look: an address of IPv4 and perhaps a port,
// spelled as net prints them.
func parseIPv4(s string) (netip.Addr, bool) {
	var ip [4]byte
	field, n, digits := 0, 0, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			if digits > 0 && n == 0 { // no leading zeros
				return netip.Addr{}, false
			}
			n, digits = 10*n+int(c-'0'), digits+1
			if field < 4 && n > 255 || n > 65535 {
				return netip.Addr{}, false
			}
			continue
		case digits == 0:
			return netip.Addr{}, false
		case c == '.' && field < 3, c == ':' && field == 3:
			ip[field] = byte(n) //nolint:gosec // 255 at most
			field, n, digits = field+1, 0, 0
		default:
			return netip.Addr{}, false
		}
	}
	if field == 3 {
		ip[3] = byte(n) //nolint:gosec // as above
	}
	return netip.AddrFrom4(ip), field >= 3 && digits > 0
}

// cutPort returns s without its port and brackets, and whether these are well formed.
func cutPort(s string) (host string, ok bool) {
	if inner, found := strings.CutPrefix(s, "["); found {
		host, port, closed := strings.Cut(inner, "]")
		v6 := closed && strings.Contains(host, ":")
		return host, v6 && (port == "" || port[0] == ':' && isPort(port[1:]))
	}
	host, port, found := strings.Cut(s, ":")
	if !found || strings.Contains(port, ":") {
		return s, true // no port, or IPv6
	}
	return host, isPort(port)
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
