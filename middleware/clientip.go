package middleware

import (
	"net/http"
	"net/netip"
)

// A ClientIP tells the address that a request comes from. exact is false when
// only a proxy's address is known.
type ClientIP func(r *http.Request) (ip netip.Addr, exact bool)

// RemoteAddr is the address of the TCP peer. It reads no header.
func RemoteAddr(r *http.Request) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	return ap.Addr().Unmap().WithZone(""), err == nil
}
