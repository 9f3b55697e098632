package middleware

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

// get returns a request with headers, in pairs.
func get(target string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// What is no address is none, however near it comes to one.
func TestNoAddressByHalf(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "0.0.0.0": "0.0.0.0", "255.255.255.255": "255.255.255.255", "199.9.90.109": "199.9.90.109",
		"192.0.2.1:0": "192.0.2.1", "192.0.2.1:65535": "192.0.2.1", "192.0.2.1:256": "192.0.2.1", "[2001:db8::1]": "2001:db8::1", "[2001:db8::1]:65535": "2001:db8::1",
		"2001:db8::1": "2001:db8::1", " 192.0.2.1 ": "192.0.2.1",
		"": "", "1.2.3": "", "1.2.3.4.5": "", "1.2.3.4.": "", "...4": "", "1..3.4": "", "1:2.3.4": "", "1:2:3:4": "", "1-2-3-4": "", "1.2.3-4": "", "1.2.3.4-5": "",
		"01.2.3.4": "", "1.2.3.04": "", "256.2.3.4": "", "1.2.3.256": "", "1.2.3.4:": "", "1.2.3.4:65536": "", "1.2.3.4:x": "", "a.2.3.4": "", "1.2.3./": "", "1.2.3.:": "",
		"[192.0.2.1]": "", "[2001:db8::1": "", "[2001:db8::1]80": "", "[2001:db8::1]:": "", "[2001:db8::1].80": "", "[]": "",
	} {
		ip, ok := parseNode(text)
		if ok != (want != "") || ok && ip.String() != want {
			t.Errorf("%q: got %v, %v, want %q", text, ip, ok, want)
		}
	}
	for element, want := range map[string]string{
		`for="192.0.2.1"`: "192.0.2.1", `for=""`: "", `for="`: "", `for=`: "", `for="192.0.2.1`: "", `by=x;for=192.0.2.1`: "192.0.2.1", `proto=https`: "",
		`for=192.0.2.1;for=192.0.2.2`: "",
	} {
		if ip, ok := parseForwarded(element); ok != (want != "") || ok && ip.String() != want {
			t.Errorf("%s: got %v, %v, want %q", element, ip, ok, want)
		}
	}
	for s, want := range map[string][2]string{
		`a,b`: {"a", "b"}, `,b`: {"", "b"}, `a,"b,c"`: {"a", `"b,c"`}, `"a,b\",c"`: {"", `"a,b\",c"`}, `"a,b\\",c`: {`"a,b\\"`, "c"}, `b`: {"", "b"}, `a,`: {"a", ""},
	} {
		if before, last := cutLast(s, ','); before != want[0] || last != want[1] {
			t.Errorf("%s: got %q and %q, want %q", s, before, last, want)
		}
	}
}

// What comes from clients is as long as its bound says, and no longer.
func TestBoundsOfWhatClientsSend(t *testing.T) {
	long := func(n int) string { return strings.Repeat("a", n) }
	for what, c := range map[string]struct {
		most int
		ok   func(n int) bool
	}{
		"a reason": {maxReason, func(n int) bool { return isReason(long(n)) }},
		"a cookie": {maxCredential, func(n int) bool {
			v, present := cookieValue(get("/", "Cookie", "x=1; c="+long(n)), "c")
			return v != "" && present
		}},
		"what is known of a cookie": {maxCredential, func(n int) bool { _, ok := hashOf(long(n)); return ok }},
		"an old token": {maxForeign, func(n int) bool {
			f := &Former{Extractor: func(*http.Request) (string, Place) { return long(n), PlaceCookie }}
			return f.token(get("/")) != ""
		}},
		"a foreign token": {maxForeign, func(n int) bool {
			f := &Foreign{Extractors: []Extractor{func(*http.Request) (string, Place) { return long(n), PlaceHeader }}}
			token, at := f.token(get("/"))
			return token != "" && at == PlaceHeader
		}},
		"a page to come back to": {maxNext, func(n int) bool { return (Pages{}).next(get("/"+long(n-1)), asksPerson) != "" }},
		"a page that is logged":  {maxRouteName, func(n int) bool { return route(get("/"+long(n))) != "/..." }},
	} {
		for n, want := range map[int]bool{c.most: true, c.most + 1: false} {
			if got := c.ok(n); got != want {
				t.Errorf("%s of %d: taken %v, want %v", what, n, got, want)
			}
		}
	}
	for path, want := range map[string]string{"/": "/", "/page": "/page", "/page/": "/page", "/share/secret": "/share/..."} {
		if got := route(get(path)); got != want {
			t.Errorf("%s is logged as %q, want %q", path, got, want)
		}
	}
	r := get("/share/secret")
	if r.Pattern = "/share/{key}"; route(r) != r.Pattern {
		t.Errorf("got %q, want the pattern", route(r))
	}
	for c, odd := range map[rune]bool{' ': true, '!': false, '~': false, 0x7f: true, 0x80: true, '"': true, '\t': true} {
		if isOdd(c) != odd || notToken(c) != odd {
			t.Errorf("%q: got odd %v, no token %v, want %v", c, isOdd(c), notToken(c), odd)
		}
	}
}

// What an answer says of caches and carriers is added to what its handler said.
func TestWhatAnswersSayOfCaches(t *testing.T) {
	for control, want := range map[string]bool{
		"public": true, "max-age=60, public": true, "S-MaxAge=60": true, "private": false, "no-store": false, "max-age=60": false, "": false, "publicity": false,
	} {
		if got := isPublic(control); got != want {
			t.Errorf("%q: public %v, want %v", control, got, want)
		}
	}
	carriers := []string{"Cookie", "Authorization"}
	for what, c := range map[string]struct {
		h    http.Header
		want []string
	}{
		"nothing yet":  {http.Header{}, carriers},
		"no Vary yet":  {http.Header{"X-Host": {"1"}}, carriers},
		"another Vary": {http.Header{"Vary": {"Accept"}}, []string{"Accept", "Cookie", "Authorization"}},
	} {
		if addVary(c.h, carriers); !slices.Equal(c.h["Vary"], c.want) {
			t.Errorf("%s: got %q, want %q", what, c.h["Vary"], c.want)
		}
	}
	for what, c := range map[string]struct {
		h      http.Header
		shared bool
		want   string
	}{
		"only Vary":       {http.Header{"Vary": {"Cookie"}}, false, "private"},
		"a header more":   {http.Header{"Vary": {"Cookie"}, "X-Host": {"1"}}, false, "private"},
		"shared":          {http.Header{"Vary": {"Cookie"}, "X-Host": {"1"}}, true, "no-store"},
		"ours, and known": {http.Header{"Vary": {"Cookie"}, "Cache-Control": cachePrivate}, true, "no-store"},
		"the host's":      {http.Header{"Vary": {"Cookie"}, "Cache-Control": {"max-age=5"}}, true, "max-age=5"},
	} {
		if keepPrivate(c.h, c.shared); c.h.Get("Cache-Control") != c.want {
			t.Errorf("%s: got %q, want %q", what, c.h.Get("Cache-Control"), c.want)
		}
	}
}

// A page about what passes is loaded again by itself, if it was only asked for, and one
// of a fault of ours says that it may be tried again.
func TestProblemsThatPass(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		for status, passes := range map[int]bool{400: false, 401: false, 500: false, 501: false, 502: true, 503: true, 504: true, 505: false} {
			r := get("/", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Accept", "text/html")
			r.Method = method
			w := httptest.NewRecorder()
			Problem(w, r, status, nil)
			if got, want := w.Header().Get("Refresh") != "", passes && method != http.MethodPost; got != want || w.Code != status {
				t.Errorf("%s %d: loads again %v, want %v", method, status, got, want)
			}
			if got := strings.Contains(w.Body.String(), sayText(nil, "again")); got != (status >= 500) {
				t.Errorf("%s %d: says to try again: %v", method, status, got)
			}
		}
	}
	ended := &session.EndedError{Err: session.ErrRevoked, Reason: session.ReasonEvicted}
	for status, want := range map[int]session.Reason{401: session.ReasonEvicted, 499: session.ReasonEvicted, 500: "", 503: ""} {
		w := httptest.NewRecorder()
		Problem(w, get("/"), status, ended)
		var body struct{ Reason session.Reason }
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Reason != want {
			t.Errorf("%d: got %q, %v, want %q", status, body.Reason, err, want)
		}
	}
	for status, want := range map[int]string{http.StatusServiceUnavailable: "2", http.StatusForbidden: ""} {
		w := httptest.NewRecorder()
		if stop(w, status); w.Header().Get("Retry-After") != want {
			t.Errorf("%d: got Retry-After %q, want %q", status, w.Header().Get("Retry-After"), want)
		}
	}
}

// What a browser came by is what its own headers say, where the connection does not.
func TestByHTTPS(t *testing.T) {
	for what, c := range map[string]struct {
		target string
		header []string
		want   bool
	}{
		"https":                       {"https://a.example/", nil, true},
		"https, and an Origin":        {"https://a.example/", []string{"Origin", "http://a.example"}, true},
		"http":                        {"http://a.example/", nil, false},
		"http, by a proxy of https":   {"http://a.example/", []string{"Origin", "https://a.example"}, true},
		"http, from http":             {"http://a.example/", []string{"Origin", "http://a.example", "Sec-Fetch-Site", "none"}, false},
		"http, but a browser's https": {"http://a.example/", []string{"Sec-Fetch-Site", "none"}, true},
	} {
		if got := byHTTPS(get(c.target, c.header...)); got != c.want {
			t.Errorf("%s: got %v, want %v", what, got, c.want)
		}
	}
}

// Hints that only some requests have do not make another device of one that has none.
func TestHintsComeTogether(t *testing.T) {
	var h device.Hints
	findHints(&h, get("/", "User-Agent", "a", "Sec-Ch-Ua-Platform", "Linux", "Sec-Ch-Ua-Mobile", "?1", "X-Requested-With", "XMLHttpRequest").Header)
	if h != (device.Hints{UserAgent: "a"}) {
		t.Errorf("got %+v", h)
	}
	h = device.Hints{}
	findHints(&h, get("/", "Sec-Ch-Ua", "b", "Sec-Ch-Ua-Platform", "Linux", "Sec-Ch-Ua-Mobile", "?1", "X-Requested-With", "app").Header)
	if h != (device.Hints{Brands: "b", Platform: "Linux", Mobile: "?1", RequestedWith: "app"}) {
		t.Errorf("got %+v", h)
	}
}

// The challenge of a binding is good for its life, on whichever instance's clock.
func TestChallengeLastsSoLong(t *testing.T) {
	b := &binding{codecs: newCodecs(session.NewKeys([]byte("a key of the cookie, of 32 bytes")), 0)}
	id, hash, now := session.ID{1}, session.SecretHash{2}, time.UnixMilli(1_800_000_000_000).UTC()
	made := b.challenge(toBind, id, hash, now)
	for after, want := range map[time.Duration]bool{
		0: true, challengeLife: true, challengeLife + 1: false, -challengeLife: true, -challengeLife - 1: false,
	} {
		at, ok := b.opened(made, toBind, id, hash, now.Add(after))
		if ok != want {
			t.Errorf("after %v: good %v, want %v", after, ok, want)
		}
		if ok && (at.After(now.Add(after)) || at.After(now)) {
			t.Errorf("after %v: made at %v, which is to come", after, at)
		}
	}
	if _, ok := b.opened(made, toBind, session.ID{3}, hash, now); ok {
		t.Error("it is good for another session")
	}
	for mode, want := range map[http.SameSite]string{http.SameSiteStrictMode: "SameSite=Strict", http.SameSiteLaxMode: "SameSite=Lax"} {
		w := httptest.NewRecorder()
		b.attributes.SameSite = mode
		if b.instruct(w, id, true); !strings.Contains(w.Body.String(), want) {
			t.Errorf("got %s, want %s", w.Body, want)
		}
	}
}

// A token of a form is outdated if it was one of this session; anything else is none.
func TestOutdatedFormTokens(t *testing.T) {
	before := &session.Session{ID: session.ID{1}, Secrets: session.Secrets{Current: session.SecretHash{1}}}
	after, other := before.Clone(), before.Clone()
	after.Secrets.Current, other.ID = session.SecretHash{2}, session.ID{9}
	token := FormToken(before)
	for what, c := range map[string]struct {
		s     *session.Session
		token string
		want  bool
	}{
		"as it was": {before, token, false}, "after a rotation": {after, token, true}, "another session's": {other, token, false},
		"cut off": {after, token[:len(token)-4], false}, "longer": {after, token + "AAAA", false}, "none": {after, "", false}, "no base64": {after, "!" + token, false},
	} {
		if got := OutdatedFormToken(c.s, c.token); got != c.want {
			t.Errorf("%s: outdated %v, want %v", what, got, c.want)
		}
	}
}

var errSome = errors.New("some error")

// Without a language of the host, everything is English.
func TestNoLanguage(t *testing.T) {
	m := new(Middleware)
	if in := m.Language(get("/")); in != nil {
		t.Errorf("got %v", in)
	}
	w := httptest.NewRecorder()
	if m.Problem(w, get("/"), http.StatusForbidden, errSome); w.Code != http.StatusForbidden {
		t.Errorf("got %d", w.Code)
	}
}
