package middleware

import (
	"net/http"

	"github.com/signedin/signedin/device"
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
