package middleware

import (
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/signedin/signedin/session"
)

// bearer finds what a header of the request proves, and whether there is one that
// decides. The first carrier that is present decides, whether it holds anything of
// use or not: a bad token of ours is not made up for by a good cookie. A present
// carrier with nothing of use gives the zero Credential.
func (m *Middleware) bearer(r *http.Request) (session.Credential, session.Carrier) {
	if !m.cfg.NoBearer {
		if token, present := ownBearer(r.Header["Authorization"]); present {
			return parseBearer(token), session.CarrierBearer
		}
	}
	for _, name := range m.cfg.TokenHeaders {
		if v := r.Header[name]; len(v) == 1 {
			return parseBearer(v[0]), session.CarrierBearer
		} else if len(v) > 1 {
			return session.Credential{}, session.CarrierBearer
		}
	}
	return session.Credential{}, ""
}

// ownBearer returns the token of the Authorization headers, if they decide. What
// is clearly of others does not, and counts as absent: another scheme, or a Bearer
// of another kind, such as the JWT of a proxy in front. What somebody may read as a
// token of ours, and any odd spelling of Bearer, decides; "" is then of no use. So
// are two headers, of which one program reads the one and another the other.
func ownBearer(lines []string) (token string, present bool) {
	switch len(lines) {
	case 0:
		return "", false
	case 1:
	default:
		return "", true
	}
	line := lines[0]
	scheme, token, spaced := strings.Cut(line, " ")
	isBearer := strings.EqualFold(scheme, "Bearer")
	switch {
	case isBearer && spaced && isToken68(token):
		return token, isOwn(token)
	case isBearer, hasOwn(line):
		return "", true
	}
	words := strings.FieldsFunc(line, isOdd)
	return "", len(words) > 0 && (hasPrefixFold(words[0], "Bearer:") || strings.EqualFold(words[0], "Bearer"))
}

// isOwn reports whether a token begins as ours do, in whatever spelling.
func isOwn(token string) bool { return hasPrefixFold(token, session.TokenPrefix) }

// hasOwn reports whether a word of a header begins as our tokens do.
func hasOwn(line string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(line, func(c rune) bool { return isOdd(c) || c == ':' || c == '=' }), isOwn)
}

// isToken68 reports whether a token is spelled as RFC 9110, 11.2, has it.
func isToken68(s string) bool {
	s = strings.TrimRight(s, "=")
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~+/", c))
	})
}

// carriers are the headers in which a credential may travel.
func carriers(cfg Config) []string {
	all := []string{"Cookie"}
	if !cfg.NoBearer {
		all = append(all, "Authorization")
	}
	return append(all, cfg.TokenHeaders...)
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
