package immichtest

import (
	"net/http"
	"net/url"
	"strings"
)

// A caller is who sends a request, by the credential that decided.
type caller struct {
	user    *user
	session *session // nil if it is another credential
	isShare bool
}

// private lets those through who have signed in or show an API key.
func (s *Server) private(next handler) http.HandlerFunc {
	return s.shared(func(w http.ResponseWriter, r *http.Request, c caller) {
		if c.isShare {
			refuse(w, http.StatusForbidden, "Forbidden")
			return
		}
		next(w, r, c)
	})
}

// shared lets those through as well who came by a shared link.
func (s *Server) shared(next handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, why := s.caller(r, parameters(r))
		if why != "" {
			refuse(w, http.StatusUnauthorized, why)
			return
		}
		next(w, r, c)
	}
}

// caller returns who sends the request, or why that is not known. The first
// credential decides, whether it is of use or not.
func (s *Server) caller(r *http.Request, query url.Values) (c caller, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, share := range []string{
		either(header(r, "X-Immich-Share-Key"), query.Get("key")),
		either(header(r, "X-Immich-Share-Slug"), query.Get("slug")),
	} {
		if share != "" {
			c.user, c.isShare = s.shares[share], true
			return c, unless(c.user != nil, "Invalid share key")
		}
	}
	if token := sessionToken(r, query); token != "" {
		if c.session = s.find(token); c.session == nil {
			return c, "Invalid user token"
		}
		if c.user = s.user(c.session.UserID); !c.user.deleted.IsZero() {
			return c, "Invalid user token"
		}
		c.session.visit(r)
		return c, ""
	}
	if key := either(header(r, "X-Api-Key"), query.Get("apiKey")); key != "" {
		c.user = s.apiKeys[key]
		return c, unless(c.user != nil, "Invalid API key")
	}
	return c, "Authentication required"
}

func sessionToken(r *http.Request, query url.Values) string {
	return either(header(r, "X-Immich-User-Token"), header(r, "X-Immich-Session-Token"),
		query.Get("sessionKey"), bearer(r), cookie(r, "immich_access_token"))
}

// parameters returns those of a query as Node reads it: what is behind a "#" is
// none of it, nor is a no-break space (of Latin-1) at an end.
func parameters(r *http.Request) url.Values {
	raw, _, _ := strings.Cut(r.URL.RawQuery, "#")
	q, _ := url.ParseQuery(strings.TrimPrefix(strings.TrimSuffix(raw, "\xa0"), "\xa0"))
	return q
}

// bearer returns the second word, whatever follows.
func bearer(r *http.Request) string {
	words := strings.Split(r.Header.Get("Authorization"), " ")
	if len(words) < 2 || !strings.EqualFold(words[0], "Bearer") {
		return ""
	}
	return words[1]
}

// cookie returns the first of the name, without the percents.
func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	if plain, err := url.PathUnescape(c.Value); err == nil {
		return plain
	}
	return c.Value
}

// header returns a header as Node joins it.
func header(r *http.Request, name string) string { return strings.Join(r.Header.Values(name), ", ") }

func either(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

func unless(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}
