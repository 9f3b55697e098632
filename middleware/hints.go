package middleware

import (
	"net/http"

	"github.com/signedin/signedin/device"
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
	o := session.Origin{Hints: hints(r.Header), Background: m.isBackground(r)}
	if ip, exact := m.cfg.ClientIP(r); exact {
		o.IP = ip
	}
	if m.cfg.Hints != nil {
		o.Hints = m.cfg.Hints(r, o.Hints)
	}
	return o
}

func hints(header http.Header) device.Hints {
	first := func(key string) string { // key is canonical
		if v := header[key]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	h := device.Hints{UserAgent: first("User-Agent"), Brands: first("Sec-Ch-Ua")}
	if app := first("X-Requested-With"); app != "XMLHttpRequest" { // a script's, which comes and goes
		h.RequestedWith = app
	}
	if h.Brands == "" { // browsers that send any client hint send this one
		return h
	}
	h.FullVersions = first("Sec-Ch-Ua-Full-Version-List")
	h.Mobile = first("Sec-Ch-Ua-Mobile")
	h.Platform = first("Sec-Ch-Ua-Platform")
	h.PlatformVersion = first("Sec-Ch-Ua-Platform-Version")
	h.Model = first("Sec-Ch-Ua-Model")
	h.FormFactors = first("Sec-Ch-Ua-Form-Factors")
	return h
}
