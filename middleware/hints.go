package middleware

import (
	"net/http"
	"net/netip"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// AskHints asks browsers to name their device in more detail: Chromium says
// "Windows 11" and "Pixel 8" only when it is asked. Wrap the pages on which
// people sign in; the "Device activity" page asks by itself. What is asked for
// comes with the next requests, as that of the form, and is no more than what
// is shown. With [Config].NoHints it does nothing.
func (m *Middleware) AskHints(next http.Handler) http.Handler {
	if m.cfg.NoHints {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Accept-CH", device.AcceptCH)
		if m.cfg.CriticalHints && r.Method == http.MethodGet {
			w.Header().Set("Critical-CH", device.AcceptCH)
		}
		next.ServeHTTP(w, r)
	})
}

// Origin tells where a request comes from. An address that is only a proxy's
// is left out.
func (m *Middleware) Origin(r *http.Request) session.Origin {
	var o session.Origin
	m.findOrigin(&o, r)
	o.Background = m.isBackground(r)
	return o
}

// findOrigin fills in all of o but Background.
func (m *Middleware) findOrigin(o *session.Origin, r *http.Request) {
	findHints(&o.Hints, r.Header)
	if ip, exact := m.cfg.ClientIP(r); exact && !m.isOfProxy(r, ip) {
		o.IP = ip
	}
	if m.cfg.Hints != nil {
		o.Hints = m.cfg.Hints(r, o.Hints)
	}
}

// isOfProxy reports whether ip is that of a proxy on this machine, which is not
// trusted to say where its client is: nobody's place is this machine then. It logs, once,
// that there is such a proxy, here or on a private network.
func (m *Middleware) isOfProxy(r *http.Request, ip netip.Addr) bool {
	scope := geo.ScopeOf(ip)
	if scope != geo.ScopeLoopback && scope != geo.ScopePrivate && scope != geo.ScopeShared {
		return false
	}
	header := "X-Forwarded-For"
	if r.Header[header] == nil {
		if header = "Forwarded"; r.Header[header] == nil {
			return false
		}
	}
	if peer, _ := RemoteAddr(r); peer != ip {
		return false // a trusted one has said
	}
	if m.proxyOnce.CompareAndSwap(false, true) {
		m.cfg.Logger.WarnContext(r.Context(), "middleware: "+header+" comes from "+ip.String()+", which is not trusted: "+
			"set the networks of the proxy in front (TrustedProxies, -trusted-proxies), or it is not known where anybody is", "address", ip)
	}
	return scope == geo.ScopeLoopback
}

func findHints(h *device.Hints, header http.Header) {
	first := func(key string) string { // key is canonical
		if v := header[key]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	h.UserAgent, h.Brands = first("User-Agent"), first("Sec-Ch-Ua")
	if app := first("X-Requested-With"); app != "XMLHttpRequest" { // a script's, which comes and goes
		h.RequestedWith = app
	}
	if h.Brands == "" { // browsers that send any client hint send this one
		return
	}
	h.FullVersions = first("Sec-Ch-Ua-Full-Version-List")
	h.Mobile = first("Sec-Ch-Ua-Mobile")
	h.Platform = first("Sec-Ch-Ua-Platform")
	h.PlatformVersion = first("Sec-Ch-Ua-Platform-Version")
	h.Model = first("Sec-Ch-Ua-Model")
	h.FormFactors = first("Sec-Ch-Ua-Form-Factors")
}
