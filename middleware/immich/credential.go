package immich

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
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
	all, odd := places(r)
	switch {
	case len(all) == 0:
		return credential{clean: !odd}
	case isShared(r):
		return credential{}
	}
	first := all[0]
	if !isPlain(first.token) {
		// Node trims, and cuts at a "#": a token that was revoked would be a new one
		// to us, and still the old one to Immich.
		first.token = ""
	}
	first.clean = first.token != "" && len(all) == 1 && !odd
	return first
}

// places returns what is in each place that Immich looks at, in its order. Odd
// is what could be taken for more than that.
func places(r *http.Request) (all []credential, odd bool) {
	for _, name := range tokenHeaders {
		// Node joins the lines of a header.
		if v := strings.Join(r.Header[name], ", "); v != "" {
			all = append(all, credential{token: v, at: middleware.PlaceHeader, name: name})
		}
	}
	if v, present := inQuery(r.URL.RawQuery); present && isSocket(r) {
		odd = true
	} else if present {
		all = append(all, credential{token: v, at: middleware.PlaceQuery})
	}
	for i, line := range r.Header["Authorization"] {
		scheme, v, _ := strings.Cut(line, " ")
		if i == 0 && strings.EqualFold(scheme, "Bearer") && v != "" && v[0] != ' ' { // of several, Node has the first
			all = append(all, credential{token: v, at: middleware.PlaceHeader, name: "Authorization"})
		} else if mentionsBearer(line) {
			odd = true
		}
	}
	v, present, more := inCookies(r.Header["Cookie"])
	if present {
		all = append(all, credential{token: v, at: middleware.PlaceCookie})
	}
	return all, odd || more
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

func mentionsBearer(line string) bool { return strings.Contains(strings.ToLower(line), "bearer") }

// inQuery returns the token in a query, "" if there is more than a plain one. It
// does not leave the reading to net/url, which reads nothing of a query that it
// finds too long.
func inQuery(raw string) (token string, present bool) {
	if !strings.Contains(raw, "Key") && !strings.Contains(raw, "%") {
		return "", false
	}
	found := 0
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		switch name = unescape(name); {
		case name == tokenQuery:
			token = unescape(value)
			found++
		case strings.Contains(name, tokenQuery):
			found += 2 // "sessionKey[]" and "[sessionKey]", which Express may read as well
		}
	}
	if found > 1 {
		return "", true
	}
	return token, token != ""
}

// unescape leaves what it cannot read as it is.
func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// inCookies returns the first cookie of the name, as Immich takes it, and
// whether there is more that could be taken for it.
func inCookies(lines []string) (token string, present, odd bool) {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ";") {
			if !strings.Contains(part, tokenCookie) {
				continue
			}
			value, exact := strings.CutPrefix(strings.Trim(part, " \t"), tokenCookie+"=")
			switch {
			case exact && value == "": // as good as none
			case present:
				odd = true
			case exact:
				token, present = value, true
			default:
				present = true
			}
		}
	}
	return token, present, odd
}

// isPlain reports whether whoever reads the text of a token, in a header, a
// query or a cookie, reads it as it stands.
func isPlain(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(c rune) bool {
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
		q := tokenQuery + "=" + url.QueryEscape(c.token)
		if r.URL.RawQuery != "" {
			q += "&" + r.URL.RawQuery
		}
		r.URL.RawQuery = q
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
	if slices.ContainsFunc(r.Header["Authorization"], mentionsBearer) {
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
	var kept []string
	before := 0
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		before++
		if name, _, _ := strings.Cut(part, "="); !drop(unescape(name)) {
			kept = append(kept, part)
		}
	}
	if len(kept) < before {
		r.URL.RawQuery = strings.Join(kept, "&")
	}
}

// credentials are those in the URLs of a text, of shared links too.
var credentials = regexp.MustCompile(`(?i)((?:key|slug)[^=&\s"']{0,8}=)[^&#"'\s]+`)

// shared are the paths of shared links, whose last part opens them.
var shared = regexp.MustCompile(`(/(?:share|s)/)[^/?#"'\s]+`)

// redact takes the credentials out of the URLs in a text.
func redact(text string) string {
	return shared.ReplaceAllString(credentials.ReplaceAllString(text, "${1}[secret]"), "${1}[secret]")
}
