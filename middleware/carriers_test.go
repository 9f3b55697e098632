package middleware_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func key(b byte) []byte {
	k := bytes.Repeat([]byte{b}, 32)
	k[0]++
	return k
}

func TestConfigIsChecked(t *testing.T) {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for field, cfgs := range map[string][]middleware.Config{
		"CookieDomain": {{CookieDomain: "example.com"}, {CookieName: "__host-x", CookieDomain: "example.com"}},
		"CookieName": {{CookieName: "a b"}, {CookieName: "a;b"}, {CookieName: "__Host-x", InsecureCookie: true},
			{CookieName: "__Secure-x", InsecureCookie: true}},
		"CookieSameSite": {{CookieSameSite: http.SameSiteNoneMode}, {CookieSameSite: http.SameSiteDefaultMode}},
		"CookieKeys":     {{CookieKeys: session.NewKeys(make([]byte, 32))}, {CookieKeys: session.NewKeys(key(1), []byte("short"))}, {CookieKeys: session.NewKeys(nil)}},
		"TokenHeaders": {{TokenHeaders: []string{"authorization"}}, {TokenHeaders: []string{"Cookie"}},
			{TokenHeaders: []string{"X-A", "x-a"}}, {TokenHeaders: []string{""}}, {TokenHeaders: []string{"a b"}}},
		"TrustedOrigins": {{TrustedOrigins: []string{"example.com"}}, {TrustedOrigins: []string{"https://example.com/path"}}},
	} {
		for _, cfg := range cfgs {
			if _, err := middleware.New(manager, cfg); err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("%+v: got %v, want an error that names %s", cfg, err, field)
			}
		}
	}
	if _, err := middleware.New(nil, middleware.Config{}); err == nil {
		t.Error("no manager: no error")
	}
}

func TestCookieAttributes(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	res, _ := s.do(t, s.client(t), "POST", "/login?user=alice")
	got := res.Header.Get("Set-Cookie")
	if name, rest, _ := strings.Cut(got, "="); name != "__Host-session" || rest[session.TokenLen:] != "; Path=/; HttpOnly; Secure; SameSite=Lax" {
		t.Errorf("got %s", got)
	}
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got Cache-Control %q", res.Header.Get("Cache-Control"))
	}
	res, _ = s.do(t, s.client(t), "POST", "/login?user=alice&remember")
	if got := res.Cookies()[0].MaxAge; got != 30*24*60*60 && got != 30*24*60*60-1 {
		t.Errorf("persistent: got Max-Age %d", got)
	}
	c := s.client(t)
	s.do(t, c, "POST", "/login?user=alice")
	res, _ = s.do(t, c, "POST", "/logout", sameOrigin, "same-origin")
	if got, want := res.Header.Get("Set-Cookie"), "__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("sign-out: got %s, want %s", got, want)
	}
}

// countingStore counts the reads, which is what a credential costs, and fails
// when told to.
type countingStore struct {
	session.Store
	gets atomic.Int64
	fail atomic.Pointer[error]
}

func (s *countingStore) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	s.gets.Add(1)
	if err := s.fail.Load(); err != nil {
		return nil, session.Generations{}, *err
	}
	return s.Store.Get(ctx, id)
}

func (s *countingStore) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	if err := s.fail.Load(); err != nil {
		return session.Revoked{}, *err
	}
	return s.Store.Revoke(ctx, r)
}

// status sends a GET of /me with the given headers and returns the status.
func (s *site) status(t *testing.T, header http.Header) int {
	t.Helper()
	r := httptest.NewRequest("GET", "/me", nil)
	r.Header = header
	w := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(w, r)
	return w.Code
}

func signedIn(t *testing.T, s *site, query string) (cookie, token string) {
	t.Helper()
	res, body := s.do(t, s.client(t), "POST", "/login?user=alice"+query)
	if res.StatusCode != 200 {
		t.Fatalf("sign-in: %d %s", res.StatusCode, body)
	}
	if c := res.Cookies(); len(c) > 0 {
		cookie = c[0].Value
	}
	return cookie, body
}

func TestCookiesThatAreRefused(t *testing.T) {
	for _, keys := range []session.Keys{{}, session.NewKeys(key(1))} {
		store := &countingStore{Store: memstore.New()}
		s := newSite(t, store, session.Config{}, middleware.Config{CookieKeys: keys})
		v, _ := signedIn(t, s, "")
		store.gets.Store(0)
		for name, lines := range map[string][]string{
			"none":              {""},
			"empty":             {"__Host-session="},
			"other case":        {"__host-session=" + v},
			"other name":        {"session=" + v},
			"space in name":     {"__Host-session =" + v},
			"U+2000 before":     {"\u2000__Host-session=" + v},
			"0x85 before":       {"\x85__Host-session=" + v},
			"0xA0 before":       {"\xa0__Host-session=" + v},
			"comma":             {"a=b,__Host-session=" + v},
			"nameless":          {"=__Host-session=" + v},
			"twice":             {"__Host-session=" + v + "; __Host-session=" + v},
			"twice, two lines":  {"__Host-session=" + v, "__Host-session=" + v},
			"twice, one empty":  {"__Host-session=" + v + "; __Host-session="},
			"cut":               {"__Host-session=" + v[:len(v)-1]},
			"padded":            {"__Host-session=" + v + "="},
			"longer":            {"__Host-session=" + v + "A"},
			"quoted":            {`__Host-session="` + v + `"`},
			"over 512 bytes":    {"__Host-session=" + v + strings.Repeat("A", 512)},
			"a megabyte":        {"__Host-session=" + strings.Repeat("A", 1<<20)},
			"a bare bearer too": {"__Host-session=sid1_" + strings.Repeat("A", 63)},
		} {
			if got := s.status(t, http.Header{"Cookie": lines}); got != 401 {
				t.Errorf("%s (sealed: %v): got %d, want 401", name, !keys.IsZero(), got)
			}
		}
		if n := store.gets.Load(); n != 0 {
			t.Errorf("sealed %v: bad cookies made %d reads of the store", !keys.IsZero(), n)
		}
		for name, line := range map[string]string{
			"alone": "__Host-session=" + v, "among others": "a=b; __Host-session=" + v + "; c=d", "no space": "a=b;__Host-session=" + v,
		} {
			if got := s.status(t, http.Header{"Cookie": {line}}); got != 200 {
				t.Errorf("%s: got %d, want 200", name, got)
			}
		}
	}
}

func TestCookieKeyRotation(t *testing.T) {
	store := memstore.New()
	old := newSite(t, store, session.Config{}, middleware.Config{CookieKeys: session.NewKeys(key(1))})
	v, _ := signedIn(t, old, "")
	header := http.Header{"Cookie": {"__Host-session=" + v}}
	both := newSite(t, store, session.Config{}, middleware.Config{CookieKeys: session.NewKeys(key(2), key(1))})
	if got := both.status(t, header); got != 200 {
		t.Errorf("old key still verifies: got %d", got)
	}
	next := newSite(t, store, session.Config{}, middleware.Config{CookieKeys: session.NewKeys(key(2))})
	if got := next.status(t, header); got != 401 {
		t.Errorf("old key dropped: got %d", got)
	}
	bare := newSite(t, store, session.Config{}, middleware.Config{})
	if got := bare.status(t, header); got != 401 {
		t.Errorf("no keys any more: got %d", got)
	}
	otherName := newSite(t, store, session.Config{}, middleware.Config{CookieKeys: session.NewKeys(key(1)), CookieName: "__Host-other"})
	if got := otherName.status(t, http.Header{"Cookie": {"__Host-other=" + v}}); got != 401 {
		t.Errorf("sealed for another name: got %d", got)
	}
}

func TestBearer(t *testing.T) {
	store := &countingStore{Store: memstore.New()}
	s := newSite(t, store, session.Config{}, middleware.Config{TokenHeaders: []string{"x-app-token"}})
	cookie, _ := signedIn(t, s, "")
	none, token := signedIn(t, s, "&carrier=bearer")
	if none != "" || len(token) != session.TokenLen {
		t.Fatalf("a bearer sign-in set the cookie %q and answered %d bytes", none, len(token))
	}
	good := []string{"__Host-session=" + cookie}
	for name, c := range map[string]struct {
		header http.Header
		want   int
	}{
		"bearer":                  {http.Header{"Authorization": {"Bearer " + token}}, 200},
		"scheme in lower case":    {http.Header{"Authorization": {"bearer " + token}}, 200},
		"own header":              {http.Header{"X-App-Token": {token}}, 200},
		"two spaces":              {http.Header{"Authorization": {"Bearer  " + token}}, 401},
		"trailing space":          {http.Header{"Authorization": {"Bearer " + token + " "}}, 401},
		"two headers":             {http.Header{"Authorization": {"Bearer " + token, "Bearer " + token}}, 401},
		"basic and bearer":        {http.Header{"Authorization": {"Basic eDp5", "Bearer " + token}}, 401},
		"two own headers":         {http.Header{"X-App-Token": {token, token}}, 401},
		"cut":                     {http.Header{"Authorization": {"Bearer " + token[1:]}}, 401},
		"the cookie's":            {http.Header{"Authorization": {"Bearer " + cookie}}, 401},
		"as a cookie":             {http.Header{"Cookie": {"__Host-session=" + token}}, 401},
		"other's, good cookie":    {http.Header{"Authorization": {"Bearer x"}, "Cookie": good}, 200},
		"JWT, good cookie":        {http.Header{"Authorization": {"Bearer eyJhbGciOiJub25lIn0.e30."}, "Cookie": good}, 200},
		"bad, good cookie":        {http.Header{"Authorization": {"Bearer sid1_x"}, "Cookie": good}, 401},
		"bad in upper case":       {http.Header{"Authorization": {"Bearer SID1_x"}, "Cookie": good}, 401},
		"bare, good cookie":       {http.Header{"Authorization": {token}, "Cookie": good}, 401},
		"other scheme's":          {http.Header{"Authorization": {"Token " + token}, "Cookie": good}, 401},
		"tab, good cookie":        {http.Header{"Authorization": {"Bearer\t" + token}, "Cookie": good}, 401},
		"tab, other's":            {http.Header{"Authorization": {"Bearer\tx"}, "Cookie": good}, 401},
		"space first":             {http.Header{"Authorization": {" Bearer " + token}, "Cookie": good}, 401},
		"space first, other's":    {http.Header{"Authorization": {" Bearer x"}, "Cookie": good}, 401},
		"colon, good cookie":      {http.Header{"Authorization": {"Bearer:" + token}, "Cookie": good}, 401},
		"colon, other's":          {http.Header{"Authorization": {"Bearer: x"}, "Cookie": good}, 401},
		"two words, good cookie":  {http.Header{"Authorization": {"Bearer x y"}, "Cookie": good}, 401},
		"two, good cookie":        {http.Header{"Authorization": {"Basic eDp5", "Basic eDp5"}, "Cookie": good}, 401},
		"empty, good cookie":      {http.Header{"Authorization": {"Bearer"}, "Cookie": good}, 401},
		"bad own, good cookie":    {http.Header{"X-App-Token": {"x"}, "Cookie": good}, 401},
		"bad bearer, good own":    {http.Header{"Authorization": {"Bearer sid1_x"}, "X-App-Token": {token}}, 401},
		"other's, good own":       {http.Header{"Authorization": {"Bearer x"}, "X-App-Token": {token}}, 200},
		"basic, good cookie":      {http.Header{"Authorization": {"Basic eDp5"}, "Cookie": good}, 200},
		"good bearer, bad cookie": {http.Header{"Authorization": {"Bearer " + token}, "Cookie": {"__Host-session=x"}}, 200},
	} {
		if got := s.status(t, c.header); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
	res, body := s.do(t, s.client(t), "GET", "/me", "Authorization", "Bearer x")
	if got := res.Header.Get("WWW-Authenticate"); got != `Bearer error="invalid_token"` {
		t.Errorf("got WWW-Authenticate %s", got)
	}
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" || !strings.Contains(body, `"status":401`) {
		t.Errorf("got %s %s", got, body)
	}
}

func TestSameOrigin(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{TrustedOrigins: []string{"https://app.example.org"}})
	reached := 0
	s.mux.Handle("/do", s.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reached++ })))
	cookie, _ := signedIn(t, s, "")
	_, token := signedIn(t, s, "&carrier=bearer")
	host := strings.TrimPrefix(s.URL, "https://")
	socket := []string{"Connection", "Upgrade", "Upgrade", "WebSocket"}
	for _, c := range []struct {
		name, method string
		header       []string
		want         int
	}{
		{"neither header", "POST", nil, 403},
		{"neither header", "DELETE", nil, 403},
		{"neither header", "GET", nil, 200},
		{"neither header", "HEAD", nil, 200},
		{"empty headers", "POST", []string{"Sec-Fetch-Site", "", "Origin", ""}, 403},
		{"same origin", "POST", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"typed in", "POST", []string{"Sec-Fetch-Site", "none"}, 200},
		{"same site", "POST", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"cross site", "POST", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"unknown value", "POST", []string{"Sec-Fetch-Site", "nonsense"}, 403},
		{"origin", "POST", []string{"Origin", "https://" + host}, 200},
		{"null origin", "POST", []string{"Origin", "null"}, 403},
		{"other origin", "POST", []string{"Origin", "https://evil.example"}, 403},
		{"trusted origin", "POST", []string{"Origin", "https://app.example.org", "Sec-Fetch-Site", "cross-site"}, 200},
		{"trusted, without TLS", "POST", []string{"Origin", "http://app.example.org", "Sec-Fetch-Site", "cross-site"}, 403},
		{"cross-site read", "GET", []string{"Sec-Fetch-Site", "cross-site"}, 200},
		{"socket, neither header", "GET", socket, 403},
		{"socket, same origin", "GET", append([]string{"Origin", "https://" + host}, socket...), 200},
		{"socket, trusted origin", "GET", append([]string{"Origin", "https://app.example.org"}, socket...), 200},
		{"socket, other origin", "GET", append([]string{"Origin", "https://evil.example"}, socket...), 403},
	} {
		reached = 0
		res, _ := s.do(t, s.client(t), c.method, "/do", append([]string{"Cookie", "__Host-session=" + cookie}, c.header...)...)
		if res.StatusCode != c.want || (reached == 1) != (c.want == 200) {
			t.Errorf("%s %s: got %d, want %d (handler ran %d times)", c.method, c.name, res.StatusCode, c.want, reached)
		}
		res, _ = s.do(t, s.client(t), c.method, "/do", append([]string{"Authorization", "Bearer " + token}, c.header...)...)
		if res.StatusCode != 200 {
			t.Errorf("bearer, %s %s: got %d, want 200", c.method, c.name, res.StatusCode)
		}
	}
	if res, _ := s.do(t, s.client(t), "POST", "/login?user=alice", "Sec-Fetch-Site", "cross-site"); res.StatusCode != 403 || res.Header.Get("Set-Cookie") != "" {
		t.Errorf("sign-in from another site: got %d", res.StatusCode)
	}
}

func TestSignInReplaces(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	first, _ := signedIn(t, s, "")
	res, _ := s.do(t, s.client(t), "POST", "/login?user=bob", "Cookie", "__Host-session="+first, sameOrigin, "same-origin")
	if res.StatusCode != 200 || len(res.Cookies()) != 1 || res.Cookies()[0].Value == first {
		t.Fatalf("got %d, cookies %v", res.StatusCode, res.Cookies())
	}
	if got := s.status(t, http.Header{"Cookie": {"__Host-session=" + first}}); got != 401 {
		t.Errorf("the first session: got %d, want 401", got)
	}
	ended, err := s.manager.History(t.Context(), "alice", 0)
	if err != nil || len(ended) != 1 || ended[0].Ended.Reason != session.ReasonReplaced {
		t.Errorf("got %+v, %v", ended, err)
	}
	// A planted token is not taken over.
	planted := "sid1_" + strings.Repeat("A", 64)
	res, _ = s.do(t, s.client(t), "POST", "/login?user=alice", "Cookie", "__Host-session="+planted)
	if res.StatusCode != 200 || res.Cookies()[0].Value == planted {
		t.Errorf("got %d, %v", res.StatusCode, res.Cookies())
	}
}

func TestInsecureCookieIsForLoopback(t *testing.T) {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{InsecureCookie: true})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		ticket, _ := manager.BeginSignIn(r.Context(), "alice")
		if _, _, err := mw.SignIn(w, r, ticket, session.StartOptions{}); err != nil {
			http.Error(w, err.Error(), 500)
		}
	})
	server := httptest.NewServer(mw.Load(mux)) // loopback
	defer server.Close()
	res, err := http.Post(server.URL+"/login", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Set-Cookie"); res.StatusCode != 200 || !strings.HasPrefix(got, "session=") || strings.Contains(got, "Secure") {
		t.Errorf("got %d, %s", res.StatusCode, got)
	}
	w := httptest.NewRecorder() // no local address: as good as not loopback
	r := httptest.NewRequest("POST", "/login", nil)
	r.RemoteAddr = "192.168.1.2:1234"
	mw.Load(mux).ServeHTTP(w, r)
	if w.Code != 500 {
		t.Errorf("off loopback: got %d", w.Code)
	}
}

func TestFormToken(t *testing.T) {
	s := newSite(t, nil, session.Config{}, middleware.Config{})
	start := func() *session.Session {
		ticket, err := s.manager.BeginSignIn(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		one, _, err := s.manager.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return one
	}
	a, b := start(), start()
	token := middleware.FormToken(a)
	rotated, _, err := s.manager.Rotate(t.Context(), "alice", a.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		s     *session.Session
		token string
		want  bool
	}{"own": {a, token, true}, "another's": {b, token, false}, "after rotation": {rotated, token, false}, "empty": {a, "", false}, "cut": {a, token[1:], false}} {
		if got := middleware.ValidFormToken(c.s, c.token); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for path, want := range map[string]string{
		"/a?b=c#d": "/a?b=c#d", "/": "/", "": "/home", "a": "/home", "//evil.example": "/home", "/\\evil.example": "/home", "\\/evil": "/home",
		"https://evil.example/": "/home", "javascript:alert(1)": "/home", "/\t/evil.example": "/home", "/%zz": "/home", "///evil": "/home",
	} {
		if got := middleware.LocalPath(path, "/home"); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

// A credential is asked about once, however many layers want to know.
func TestRefusedOnce(t *testing.T) {
	store := &countingStore{Store: memstore.New()}
	s := newSite(t, store, session.Config{}, middleware.Config{})
	v, _ := signedIn(t, s, "")
	if _, err := s.manager.RevokeAll(t.Context(), "alice", session.ReasonAdmin); err != nil {
		t.Fatal(err)
	}
	store.gets.Store(0)
	if got := s.status(t, http.Header{"Cookie": {"__Host-session=" + v}}); got != 401 { // Load around Require
		t.Errorf("got %d", got)
	}
	if n, refused := store.gets.Load(), s.manager.Stats().Refused; n != 1 || refused != 1 {
		t.Errorf("got %d reads of the store, %d refusals counted", n, refused)
	}
}

func FuzzCookie(f *testing.F) {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := middleware.New(manager, middleware.Config{CookieKeys: session.NewKeys(key(1))})
	if err != nil {
		f.Fatal(err)
	}
	bare, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("__Host-session=sid1_" + strings.Repeat("A", 64))
	f.Add("a=b; __Host-session=MTY5;c")
	f.Add(";;=;__Host-session")
	f.Fuzz(func(t *testing.T, line string) { neverSignsIn(t, http.Header{"Cookie": {line}}, sealed, bare) })
}

func FuzzBearer(f *testing.F) {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		f.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{TokenHeaders: []string{"X-Token"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Bearer sid1_"+strings.Repeat("A", 64), "")
	f.Add("bEARER", "sid1_")
	f.Fuzz(func(t *testing.T, authorization, header string) {
		neverSignsIn(t, http.Header{"Authorization": {authorization}, "X-Token": {header}}, mw)
	})
}

// neverSignsIn checks that made-up headers are no session, and no trouble.
func neverSignsIn(t *testing.T, h http.Header, all ...*middleware.Middleware) {
	for _, mw := range all {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = h
		w := httptest.NewRecorder()
		mw.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, ok := session.FromContext(r.Context()); ok {
				t.Errorf("signed in by %q", h)
			}
			_, _ = io.WriteString(w, "public")
		})).ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("%q: got %d", h, w.Code)
		}
	}
}
