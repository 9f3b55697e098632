package middleware

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/signedin/signedin/session"
)

// credential finds what the request proves, and where. The first carrier that
// is present decides, whether it holds anything of use or not: a bad bearer
// token is not made up for by a good cookie. A present carrier with nothing of
// use gives the zero Credential.
func (m *Middleware) credential(r *http.Request) (session.Credential, session.Carrier) {
	if token, present := bearer(r.Header["Authorization"]); present {
		return parseBearer(token), session.CarrierBearer
	}
	for _, name := range m.cfg.TokenHeaders {
		if v := r.Header[name]; len(v) == 1 {
			return parseBearer(v[0]), session.CarrierBearer
		} else if len(v) > 1 {
			return session.Credential{}, session.CarrierBearer
		}
	}
	if cred, present := m.cookie.credential(r); present {
		return cred, session.CarrierCookie
	}
	return session.Credential{}, ""
}

// bearer returns the token of the Authorization headers (RFC 6750). Other
// schemes are not ours and count as absent; of two headers, neither counts.
func bearer(lines []string) (token string, present bool) {
	for _, line := range lines {
		scheme, rest, _ := strings.Cut(line, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		present = true
		if len(lines) == 1 {
			token = rest
		}
	}
	return token, present
}

func parseBearer(token string) session.Credential {
	c, _ := session.ParseCredential(token) // checks the length first; zero on any error
	return c
}

// tokenHeaders returns the names in canonical form, none of them twice and
// none of them read by another carrier.
func tokenHeaders(names []string) ([]string, error) {
	taken := []string{"Authorization", "Cookie"}
	for _, name := range names {
		key := textproto.CanonicalMIMEHeaderKey(name)
		if key == "" || strings.ContainsAny(key, " :\t\r\n") {
			return nil, fmt.Errorf("middleware: Config.TokenHeaders: %q is no header name", name)
		}
		if slices.Contains(taken, key) {
			return nil, fmt.Errorf("middleware: Config.TokenHeaders: %q is read by another carrier already", name)
		}
		taken = append(taken, key)
	}
	return taken[2:], nil
}

// isUnsafe reports whether a request may change something (RFC 9110, 9.2.1).
func isUnsafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}
