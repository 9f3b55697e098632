package immich_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware/immich"
)

// immichReads returns the credential of a session that a request has for
// Immich, of which we know how Node, Express and the npm package "cookie" read.
func immichReads(r *http.Request) string {
	socket := strings.HasPrefix(r.URL.Path, "/api/socket.io")
	q := expressReads(r.URL.RawQuery)
	if r.Header.Get("X-Immich-Share-Key")+r.Header.Get("X-Immich-Share-Slug") != "" || !socket && strings.Join(append(q["key"], q["slug"]...), "") != "" {
		return "" // a share link
	}
	for _, name := range []string{"X-Immich-User-Token", "X-Immich-Session-Token"} {
		if v := strings.Join(r.Header[name], ", "); v != "" {
			return v
		}
	}
	if v := strings.Join(slices.Concat(q["sessionKey"], q["[sessionKey]"], q["sessionKey[]"]), ","); !socket && strings.Trim(v, ",") != "" {
		return v
	}
	if lines := r.Header["Authorization"]; len(lines) > 0 {
		if parts := strings.Split(lines[0], " "); strings.EqualFold(parts[0], "bearer") && len(parts) > 1 && parts[1] != "" {
			return parts[1]
		}
	}
	for part := range strings.SplitSeq(strings.Join(r.Header["Cookie"], "; "), ";") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || trimBytes(name) != "immich_access_token" {
			continue
		}
		value = trimBytes(value)
		if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		return value
	}
	return ""
}

// expressReads reads a query as url.parse of Node does, which takes what is
// behind a "#" and the space at an end for no part of it, and then as
// querystring does, which reads the first 1,000 parameters.
func expressReads(raw string) url.Values {
	raw, _, _ = strings.Cut(raw, "#")
	q := make(url.Values)
	for i, part := range strings.Split(trimBytes(raw), "&") {
		name, value, _ := strings.Cut(part, "=")
		if i < 1000 {
			q.Add(unescape(name), unescape(value))
		}
	}
	return q
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// Whatever a request looks like, Immich reads the token that was judged or none,
// and none once that is dead.
func FuzzCredential(f *testing.F) {
	f.Add("/", "immich_access_token=a", "", "", "", "")
	f.Add("/?sessionKey=a", "immich_access_token=b", "c", "Bearer d", "", "")
	f.Add("/?sessionKey=a&sessionKey=b&key=x", "immich_access_token =%41; immich_access_token=b", "", "bearer  e", "f", "immich_access_token=z")
	f.Add("/api/socket.io/?sessionKey=a", "x=\"immich_access_token=\"; immich_access_token=\"b\"", "", "Basic x", "", "")
	f.Add("/?session%4bey=a;b&%", "immich_access_token\xa0=b;;=;", "", "Bearer a b", "", "a=b")
	f.Add("/?sessionKey=a#b", "", "", "Bearer \ta", "", "")
	f.Add("/?a=b&sessionKey=a\xa0", "immich_access_token=\xa0a", "", "Bearer a\xa0", "", "")
	f.Add("/?sessionKey=a"+strings.Repeat("&", 10_000), "", "", "", "", "")
	f.Add("/?sessionKey=%20a&\\", "", "a\x00", "bearer", "", "")
	f.Fuzz(func(t *testing.T, target, cookie, header, authorization, share, cookie2 string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || u.Path == "" {
			t.Skip()
		}
		make := func() *http.Request {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.URL = &url.URL{Path: u.Path, RawQuery: clean(u.RawQuery)}
			for name, v := range map[string]string{"Cookie": cookie, "X-Immich-User-Token": header, "Authorization": authorization, "X-Immich-Share-Key": share} {
				if v = strings.Trim(v, " \t"); v != "" {
					r.Header.Set(name, v)
				}
			}
			if cookie2 != "" {
				r.Header.Add("Cookie", cookie2)
			}
			return r
		}
		r := make()
		judged := immich.Judge(r)
		if got := immichReads(r); got != "" && got != judged {
			t.Errorf("judged %q, Immich reads %q", judged, got)
		}
		immich.Strip(r)
		if got := immichReads(r); got != "" {
			t.Errorf("stripped, and Immich reads %q", got)
		}
		r = make()
		immich.Strip(r)
		if got := immichReads(r); got != "" {
			t.Errorf("stripped at once, and Immich reads %q", got)
		}
	})
}

// What is judged is what another program would read of it by its own rules, or
// nothing: so no token has two spellings, of which one was revoked.
func TestTokenHasOneSpelling(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/?sessionKey=a":       "a",
		"/?sessionKey=a#":      "",
		"/?sessionKey=a#b":     "",
		"/?sessionKey=+a":      "",
		"/?sessionKey=a%00":    "",
		"/?sessionKey=%61":     "a",
		"/?sessionKey=a%C2%A0": "",
		"/?sessionKey=\"a\"":   "",
		"/?sessionKey=a\\":     "",
		"/?sessionKey=a%zz":    "",
		"/?sessionKey=a;b":     "",
		"/?sessionKey[0]=a":    "",
		"/?sessionKey=a" + strings.Repeat("&x", 10_000): "a", // more than net/url reads
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		_, r.URL.RawQuery, _ = strings.Cut(target, "?")
		if got := immich.Judge(r); got != want {
			t.Errorf("%.40q: judged %q, want %q", target, got, want)
		}
		if kept := strings.Contains(r.URL.RawQuery, "sessionKey"); kept != (want != "") {
			t.Errorf("%.40q: passed on %.40q", target, r.URL.RawQuery)
		}
	}
	for _, odd := range []string{"Bearer \ta", "Bearer a b", "Bearer a,", "Bearer\ta", "Bearer  a", "\xa0Bearer a", "Bearer \xa0a", "Bearer %61"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", odd)
		if got := immich.Judge(r); got != "" || r.Header["Authorization"] != nil {
			t.Errorf("%q: judged %q, passed on %q", odd, got, r.Header["Authorization"])
		}
	}
}

// clean is what ReverseProxy does to a query that cannot be read in one way.
func clean(raw string) string {
	if q, err := url.ParseQuery(raw); err != nil || strings.Contains(raw, ";") {
		return q.Encode()
	}
	return raw
}

// trimBytes trims what a server that reads headers as Latin-1 takes for space.
func trimBytes(s string) string {
	const space = " \t\xa0"
	for s != "" && strings.IndexByte(space, s[0]) >= 0 {
		s = s[1:]
	}
	for s != "" && strings.IndexByte(space, s[len(s)-1]) >= 0 {
		s = s[:len(s)-1]
	}
	return s
}
