package session

import (
	"context"
	"net/netip"
	"sync"

	"github.com/signedin/signedin/geo"
)

// crowdOf is how many users, from one address that is not on the internet and
// from no other, are a crowd.
const crowdOf = 3

// crowd notices that everybody comes from one address of a private network: it is
// that of a proxy in front, which is not trusted to say where its clients are.
type crowd struct {
	mu    sync.Mutex
	ip    netip.Addr
	users [crowdOf]string
	n     int
	told  bool
}

// add notes where a user signs in, and reports whether it is to be told that
// everybody comes from there.
func (c *crowd) add(ip netip.Addr, userID string) (tell bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch geo.ScopeOf(ip) {
	case geo.ScopePrivate, geo.ScopeShared, geo.ScopeLoopback:
	default:
		c.ip, c.n = netip.Addr{}, 0
		return false
	}
	if ip != c.ip {
		c.ip, c.n = ip, 0
	}
	for _, known := range c.users[:c.n] {
		if known == userID {
			return false
		}
	}
	if c.n < crowdOf {
		c.users[c.n] = userID
		c.n++
	}
	tell = c.n == crowdOf && !c.told
	c.told = c.told || tell
	return tell
}

// address returns the address from which everybody comes, zero if they do not.
func (c *crowd) address() netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n < crowdOf {
		return netip.Addr{}
	}
	return c.ip
}

// noteCrowd notes from where a user signs in.
func (m *Manager) noteCrowd(ctx context.Context, ip netip.Addr, userID string) {
	if ip = geo.Canonical(ip); ip.IsValid() && m.crowd.add(ip, userID) {
		m.cfg.Logger.WarnContext(ctx, "session: everybody comes from "+ip.String()+": set the networks of the proxy in front as trusted "+
			"(-trusted-proxies, middleware.TrustedProxies), or no place is known and no sign-in from elsewhere is noticed", "address", ip)
	}
}
