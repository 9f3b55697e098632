package immich

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/signedin/signedin/middleware"
)

// The names under which Immich takes credentials.
const (
	tokenCookie = "immich_access_token"
	tokenQuery  = "sessionKey"
)

var tokenHeaders = [...]string{"X-Immich-User-Token", "X-Immich-Session-Token"}

// A credential is what Immich would take a request's session for.
type credential struct {
	token string // "" if there is none, or none that Immich could know
	at    middleware.Place
	name  string // of the header, if it is one

	// clean says that nothing in the request could be taken for another
	// credential of a session.
	clean bool
}

// extract is the [middleware.Extractor] of Immich.
func extract(r *http.Request) (string, middleware.Place) {
	c := find(r)
	return c.token, c.at
}

// find returns the credential that decides, by the rules of Immich: a share
// link is no session, then the first place that is not empty. What is read in
// another way than a program of Immich's makers would write it is no
// credential, and not passed on: Immich might read it differently.
func find(r *http.Request) credential {
	all := places(r)
	share := isShared(r)
	switch {
	case len(all) == 0:
		return credential{clean: true}
	case share:
		return credential{}
	}
	first := all[0]
	first.clean = first.clean && len(all) == 1
	return first
}

// places returns what is in each place that Immich looks at, in its order.
func places(r *http.Request) (all []credential) {
	for _, name := range tokenHeaders {
		// Node joins the lines of a header.
		if v := strings.Join(r.Header[name], ", "); v != "" {
			all = append(all, credential{v, middleware.PlaceHeader, name, len(r.Header[name]) == 1})
		}
	}
	if !isSocket(r) {
		all = append(all, inQuery(r.URL.RawQuery)...)
	}
	if lines := r.Header["Authorization"]; len(lines) > 0 {
		parts := strings.Split(lines[0], " ") // of several, Node has the first
		if strings.EqualFold(parts[0], "Bearer") && len(parts) > 1 && parts[1] != "" {
			all = append(all, credential{parts[1], middleware.PlaceHeader, "Authorization", len(lines) == 1 && len(parts) == 2})
		}
	}
	return append(all, inCookies(r.Header["Cookie"])...)
}

// isSocket reports whether Immich looks at headers and cookies only.
func isSocket(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/socket.io") }

func isShared(r *http.Request) bool {
	if r.Header.Get("X-Immich-Share-Key") != "" || r.Header.Get("X-Immich-Share-Slug") != "" {
		return true
	}
	if r.URL.RawQuery == "" || isSocket(r) {
		return false
	}
	q, _ := url.ParseQuery(r.URL.RawQuery) // what can be read of it
	return strings.Join(q["key"], "") != "" || strings.Join(q["slug"], "") != ""
}

func inQuery(raw string) []credential {
	if !strings.Contains(strings.ToLower(raw), "key") && !strings.Contains(raw, "%") {
		return nil
	}
	q, _ := url.ParseQuery(raw) // what can be read of it
	var found, odd int
	for name, values := range q {
		switch {
		case name == tokenQuery:
			found += len(values)
		case strings.Contains(name, tokenQuery):
			odd++ // "sessionKey[]" and "[sessionKey]", which Express may read as well
		}
	}
	v := q[tokenQuery]
	switch {
	case found+odd == 0, found == 1 && v[0] == "" && odd == 0:
		return nil
	case found == 1 && odd == 0:
		return []credential{{v[0], middleware.PlaceQuery, "", true}}
	}
	return []credential{{"", middleware.PlaceQuery, "", false}}
}

// inCookies returns the first cookie of the name, as Immich takes it.
func inCookies(lines []string) []credential {
	var c credential
	seen := 0
	for _, line := range lines {
		for line != "" {
			var part string
			part, line, _ = strings.Cut(line, ";")
			if !strings.Contains(part, tokenCookie) {
				continue
			}
			seen++
			value, exact := strings.CutPrefix(strings.Trim(part, " \t"), tokenCookie+"=")
			switch {
			case seen > 1:
				c.clean = false
			case exact && value == "":
				seen-- // as good as none
			case exact && isPlain(value):
				c = credential{value, middleware.PlaceCookie, "", true}
			default:
				c = credential{"", middleware.PlaceCookie, "", false}
			}
		}
	}
	if seen == 0 {
		return nil
	}
	return []credential{c}
}

// isPlain reports whether Immich reads the value of a cookie as it stands.
func isPlain(value string) bool {
	return !strings.ContainsFunc(value, func(c rune) bool {
		return !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.ContainsRune("-_.~+/=", c))
	})
}

// put puts the credential into a request that has none.
func (c credential) put(r *http.Request) {
	switch {
	case c.token == "":
	case c.name == "Authorization":
		r.Header.Set(c.name, "Bearer "+c.token)
	case c.at == middleware.PlaceHeader:
		r.Header.Set(c.name, c.token)
	case c.at == middleware.PlaceQuery:
		q := r.URL.Query()
		q.Set(tokenQuery, c.token)
		r.URL.RawQuery = q.Encode()
	case c.at == middleware.PlaceCookie:
		line := tokenCookie + "=" + c.token
		if rest := r.Header.Get("Cookie"); rest != "" {
			line = rest + "; " + line
		}
		r.Header.Set("Cookie", line)
	}
}

// strip takes every credential of a session out of a request, and nothing else.
func strip(r *http.Request) {
	for _, name := range tokenHeaders {
		r.Header.Del(name)
	}
	if a := r.Header.Get("Authorization"); len(a) >= 6 && strings.EqualFold(a[:6], "Bearer") {
		r.Header.Del("Authorization")
	}
	stripQuery(r, func(name string) bool { return strings.Contains(name, tokenQuery) })
	var kept []string
	for _, line := range r.Header["Cookie"] {
		for part := range strings.SplitSeq(line, ";") {
			if part = strings.Trim(part, " \t"); part != "" && !strings.Contains(part, tokenCookie) {
				kept = append(kept, part)
			}
		}
	}
	r.Header.Del("Cookie")
	if len(kept) > 0 {
		r.Header.Set("Cookie", strings.Join(kept, "; "))
	}
}

func stripAPIKey(r *http.Request) {
	r.Header.Del("X-Api-Key")
	stripQuery(r, func(name string) bool { return strings.Contains(name, "apiKey") })
}

func stripQuery(r *http.Request, drop func(name string) bool) {
	if r.URL.RawQuery == "" {
		return
	}
	q := r.URL.Query()
	before := len(q)
	for name := range q {
		if drop(name) {
			q.Del(name)
		}
	}
	if len(q) < before {
		r.URL.RawQuery = q.Encode()
	}
}

// credentials are those in the URLs of a text, of shared links too.
var credentials = regexp.MustCompile(`(?i)((?:key|slug)[^=&\s"']{0,8}=)[^&#"'\s]+`)

// redact takes the credentials out of the URLs in a text.
func redact(text string) string { return credentials.ReplaceAllString(text, "${1}[secret]") }
