package immich_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
)

func TestTargetIsChecked(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	for _, bad := range []string{"", "ftp://a", "http://", "http://a/path", "http://a/?q", "http://u@a"} {
		u, _ := url.Parse(bad)
		if _, err := immich.New(s.manager, u, immich.Config{}); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
	u, _ := url.Parse("http://a")
	if _, err := immich.New(nil, u, immich.Config{}); err == nil {
		t.Error("no manager: no error")
	}
	if _, err := immich.New(s.manager, u, immich.Config{IdleTimeout: -1}); err == nil {
		t.Error("negative IdleTimeout: no error")
	}
}

func TestSignInIsSeen(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(phone).login("ada", "deviceModel", "Pixel 8", "deviceType", "Android")
	me := c.session()
	if me.UserID != "ada" || me.Carrier != session.CarrierForeign || me.AuthenticatedAt.IsZero() || me.Attrs["immich.email"] != "ada@example.com" {
		t.Errorf("got %+v", me)
	}
	if d := me.Last.Device; d.Model != "Pixel 8" || d.App != "Immich" || d.AppVersion != "3.1.0" {
		t.Errorf("device: got %+v", d)
	}
	for _, agent := range []string{"AppleCoreMedia/1.0.0.21F90 (iPhone; U; CPU OS 17_5_1 like Mac OS X; en_us)", "Dalvik/2.1.0 (Linux; U; Android 14)", ""} {
		c.agent = agent
		c.want(200, "POST", "/api/auth/validateToken", "")
	}
	if d := c.session().Last.Device; d.Model != "Pixel 8" || d.App != "Immich" {
		t.Errorf("device after a player and a widget: got %+v", d)
	}
	c.agent = "immich-android/3.2.0"
	c.want(200, "POST", "/api/auth/validateToken", "")
	if d := c.session().Last.Device; d.AppVersion != "3.2.0" || d.Model != "Pixel 8" {
		t.Errorf("after an update: got %+v", d)
	}
}

func TestSignInByOAuthIsSeen(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	s.immich.mux.HandleFunc("POST /api/oauth/callback", s.immich.login)
	c := s.client(browser)
	c.want(201, "POST", "/api/oauth/callback", `{"email":"ada@example.com","password":"good"}`)
	if me := c.session(); me.UserID != "ada" || len(me.Methods) > 0 || s.immich.asked.Load() > 0 {
		t.Errorf("got %+v, asked %d times", me, s.immich.asked.Load())
	}
}

func TestRevokedPhoneIsToldByImmich(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(phone).login("ada")
	c.want(200, "POST", "/api/auth/validateToken", "")
	c.revoke()
	if !s.immich.knows(c.token) {
		t.Fatal("Immich was told")
	}
	if got := c.want(401, "POST", "/api/auth/validateToken", ""); got != `{"message":"Authentication required"}` {
		t.Errorf("got %s", got)
	}
	// The dead cookie is in the jar, and what is public works.
	c.want(200, "GET", "/api/server/ping", "")
	old := c.token
	c.login("ada")
	if c.token == old || s.live("ada") != 1 {
		t.Errorf("signed in again: %d sessions", s.live("ada"))
	}
	c.want(200, "POST", "/api/auth/validateToken", "")
}

// Of a token that is dead here, nothing reaches Immich, wherever it is and
// whatever else is there.
func TestDeadTokenDoesNotReachImmich(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	dead, good := s.client(phone).login("ada"), s.client(browser).login("bob")
	dead.revoke()
	cookie := func(v string) string { return "immich_access_token=" + v }
	for name, r := range map[string]struct {
		path   string
		header []string
	}{
		"cookie":                  {"/api/users/me", []string{"Cookie", "a=b; " + cookie(dead.token) + "; c=d"}},
		"header":                  {"/api/users/me", []string{"X-Immich-User-Token", dead.token}},
		"second header":           {"/api/users/me", []string{"X-Immich-Session-Token", dead.token}},
		"bearer":                  {"/api/users/me", []string{"Authorization", "bearer " + dead.token}},
		"query":                   {"/api/users/me?sessionKey=" + dead.token + "&size=1", nil},
		"good cookie behind":      {"/api/users/me", []string{"X-Immich-User-Token", dead.token, "Cookie", cookie(good.token)}},
		"good key behind":         {"/api/users/me", []string{"Cookie", cookie(dead.token), "X-Api-Key", "good"}},
		"good key behind a list":  {"/api/users/me?sessionKey[]=" + dead.token, []string{"X-Api-Key", "good"}},
		"good key behind a space": {"/api/users/me?apiKey=good", []string{"Authorization", "Bearer \t" + dead.token}},
		"good key in query":       {"/api/users/me?apiKey=good", []string{"Cookie", cookie(dead.token)}},
		"cookie, percent":         {"/api/users/me", []string{"Cookie", cookie("%" + hex(dead.token[0]) + dead.token[1:])}},
		"cookie, quoted":          {"/api/users/me", []string{"Cookie", cookie(`"` + dead.token + `"`)}},
		"cookie, space":           {"/api/users/me", []string{"Cookie", "immich_access_token =" + dead.token}},
		"cookie, odd space":       {"/api/users/me", []string{"Cookie", "immich_access_token\xa0=" + dead.token}},
		"cookie, twice":           {"/api/users/me", []string{"Cookie", cookie(dead.token) + "; " + cookie(good.token)}},
		"cookie, two lines":       {"/api/users/me", []string{"Cookie", cookie(dead.token), "Cookie", cookie(good.token)}},
		"query twice":             {"/api/users/me?sessionKey=" + dead.token + "&sessionKey=x", nil},
		"query, as a list":        {"/api/users/me?sessionKey[]=" + dead.token, nil},
		"query, in brackets":      {"/api/users/me?[sessionKey]=" + dead.token, nil},
		"query, encoded":          {"/api/users/me?session%4Bey=" + dead.token, nil},
		"query, fragment":         {"/api/users/me?sessionKey=" + dead.token + "#x", nil},
		"query, empty fragment":   {"/api/users/me?sessionKey=" + dead.token + "#", nil},
		"query, whole URL":        {"http://y/api/users/me?sessionKey=" + dead.token + "#q", nil},
		"query, space before":     {"/api/users/me?sessionKey=%20" + dead.token, nil},
		"query, tab behind":       {"/api/users/me?sessionKey=" + dead.token + "%09", nil},
		"query, odd space behind": {"/api/users/me?sessionKey=" + dead.token + "\xa0", nil},
		"query, not to be read":   {"/api/users/me?sessionKey=" + dead.token + "&x=%zz", nil},
		"query, endless":          {"/api/users/me?sessionKey=" + dead.token + strings.Repeat("&", 12_000), nil},
		"bearer, tab":             {"/api/users/me", []string{"Authorization", "Bearer \t" + dead.token}},
		"bearer, second word":     {"/api/users/me", []string{"Authorization", "Bearer " + dead.token + " x"}},
		"bearer, odd space":       {"/api/users/me", []string{"Authorization", "Bearer \xa0" + dead.token}},
		"header, twice":           {"/api/users/me", []string{"X-Immich-User-Token", dead.token, "X-Immich-User-Token", "x"}},
		"cookie, empty one first": {"/api/users/me", []string{"Cookie", cookie("") + "; " + cookie(dead.token)}},
		"live one to cover it":    {"/api/users/me?sessionKey[]=x&sessionKey=" + good.token, []string{"Cookie", cookie(dead.token)}},
		"share link to cover it":  {"/api/users/me?key=share", []string{"Cookie", cookie(dead.token)}},
		"share slug to cover it":  {"/api/users/me?slug=share", []string{"Cookie", cookie(dead.token)}},
		"socket, query overrides": {"/api/socket.io/?sessionKey=" + good.token, []string{"Cookie", cookie(dead.token)}},
	} {
		if status := s.raw("GET", strings.Replace(r.path, "/api/users/me", "/devices/", 1), r.header...); status != 401 {
			t.Errorf("%s: our own page: got %d", name, status)
		}
		if status := s.raw("GET", r.path, r.header...); status != 401 {
			t.Errorf("%s: got %d", name, status)
		}
		got := s.immich.last.Load()
		for _, v := range append(got.Header.Values("Cookie"), got.URL.RawQuery, got.Header.Get("Authorization"),
			got.Header.Get("X-Immich-User-Token"), got.Header.Get("X-Immich-Session-Token")) {
			if strings.Contains(v, dead.token[1:]) {
				t.Errorf("%s: Immich got %q", name, v)
			}
		}
		if name == "cookie" && got.Header.Get("Cookie") != "a=b; c=d" {
			t.Errorf("other cookies: got %q", got.Header.Get("Cookie"))
		}
		if name == "query" && got.URL.RawQuery != "size=1" {
			t.Errorf("other parameters: got %q", got.URL.RawQuery)
		}
	}
	if n := s.live("ada"); n != 0 {
		t.Errorf("%d sessions of a dead token", n)
	}
}

func hex(c byte) string { const d = "0123456789abcdef"; return string([]byte{d[c>>4], d[c&15]}) }

// A dead token that a live one stands before does not pass along with it.
func TestOnlyWhatWasJudgedIsPassedOn(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	good, dead := s.client(phone).login("ada"), s.client(browser).login("bob")
	dead.revoke()
	for _, header := range [][]string{
		{"Cookie", "immich_access_token=" + good.token + "; a=b; immich_access_token=" + dead.token},
		{"X-Immich-User-Token", good.token, "Cookie", "immich_access_token=" + dead.token + "; a=b"},
		{"Authorization", "Bearer " + good.token, "Cookie", "a=b; immich_access_token=" + dead.token},
	} {
		c := s.client("x")
		if got := c.want(200, "GET", "/api/users/me", "", header...); !strings.Contains(got, `"ada"`) {
			t.Errorf("%q: got %s", header, got)
		}
		if h := s.immich.last.Load().Header; strings.Contains(h.Get("Cookie"), dead.token) || !strings.Contains(h.Get("Cookie"), "a=b") {
			t.Errorf("%q: Immich got the cookies %q", header, h.Values("Cookie"))
		}
	}
}

// The first credential that is present decides, and only that reaches Immich.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	a, b := s.client(browser).login("ada"), s.client(browser).login("bob")
	cookie := "immich_access_token="
	for name, r := range map[string]struct {
		path, user string
		header     []string
	}{
		"header before cookie":     {"/api/users/me", "ada", []string{"X-Immich-User-Token", a.token, "Cookie", cookie + b.token}},
		"user before session":      {"/api/users/me", "ada", []string{"X-Immich-Session-Token", b.token, "X-Immich-User-Token", a.token}},
		"session before query":     {"/api/users/me?sessionKey=" + b.token, "ada", []string{"X-Immich-Session-Token", a.token}},
		"query before bearer":      {"/api/users/me?sessionKey=" + a.token, "ada", []string{"Authorization", "Bearer " + b.token}},
		"bearer before cookie":     {"/api/users/me", "ada", []string{"Authorization", "BEARER " + a.token, "Cookie", cookie + b.token}},
		"basic is none":            {"/api/users/me", "ada", []string{"Authorization", "Basic eDp5", "Cookie", cookie + a.token}},
		"empty header is none":     {"/api/users/me", "ada", []string{"X-Immich-User-Token", "", "Cookie", cookie + a.token}},
		"empty query is none":      {"/api/users/me?sessionKey=", "ada", []string{"Cookie", cookie + a.token}},
		"first cookie of the name": {"/api/users/me", "ada", []string{"Cookie", cookie + a.token + "; " + cookie + b.token}},
		"session before key":       {"/api/users/me", "ada", []string{"X-Api-Key", "good", "Cookie", cookie + a.token}},
		"key alone":                {"/api/users/me", "key", []string{"X-Api-Key", "good"}},
	} {
		if got := s.client("x").want(200, "GET", r.path, "", r.header...); !strings.Contains(got, `"id":"`+r.user+`"`) {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if s.live("key") != 0 {
		t.Error("an API key became a session")
	}
}

func TestPublicRoutesAndAPIKeysMakeNoSession(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client("node")
	c.want(200, "GET", "/api/server/ping", "")
	c.want(200, "GET", "/api/assets/1/thumbnail", "", "X-Api-Key", "good")
	c.want(401, "GET", "/api/assets/1/thumbnail", "")
	if n := s.immich.asked.Load(); n > 0 {
		t.Errorf("Immich was asked %d times", n)
	}
}

func TestForwarded(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	s.client("x").want(200, "GET", "/api/server/ping", "", "X-Forwarded-For", "1.2.3.4", "X-Real-IP", "1.2.3.4",
		"X-Forwarded-Proto", "https", "Forwarded", "for=1.2.3.4", "X-Forwarded-Host", "evil")
	h := s.immich.last.Load().Header
	if h.Get("X-Forwarded-For") != "127.0.0.1" || h.Get("X-Real-IP") != "127.0.0.1" || h.Get("X-Forwarded-Proto") != "http" || h.Get("Forwarded") != "" {
		t.Errorf("got %v", h)
	}
	if got, want := s.immich.last.Load().Host, strings.TrimPrefix(s.server.URL, "http://"); got != want || h.Get("X-Forwarded-Host") != want {
		t.Errorf("Host: got %q, %q, want %q", got, h.Get("X-Forwarded-Host"), want)
	}

	local := http.Header{"X-Real-Ip": {"1.2.3.4"}, "X-Forwarded-For": {"1.2.3.4"}}
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.server.URL+"/api/server/ping", nil)
	must(t, err)
	r.RemoteAddr, r.Header = "@", local // a Unix socket
	s.proxy.ServeHTTP(newRecorder(), r)
	if h = s.immich.last.Load().Header; h.Get("X-Real-IP") != "" || h.Get("X-Forwarded-For") != "" {
		t.Errorf("without an address: got %v", h)
	}

	behind := newSite(t, immich.Config{ClientIP: loopbackIsProxy(t)})
	behind.client("x").want(200, "GET", "/api/server/ping", "", "X-Forwarded-For", "6.6.6.6, 198.51.100.7", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "photos.example")
	h = behind.immich.last.Load().Header
	if h.Get("X-Forwarded-For") != "198.51.100.7" || h.Get("X-Forwarded-Proto") != "https" || h.Get("X-Forwarded-Host") != "photos.example" {
		t.Errorf("behind a proxy: got %v", h)
	}
}

func TestStreamsAreNotHeldBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(phone).login("ada")
	res := c.stream() // its line comes though it has not ended
	defer res.Body.Close()
	close(s.immich.release)
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Error(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.server.URL+"/api/assets/1/original", nil)
	must(t, err)
	req.Header.Set("Range", "bytes=10-19")
	if res, err = c.http.Do(req); err != nil || res.StatusCode != 206 || res.ContentLength != 10 {
		t.Errorf("Range: %v, %v", res, err)
	}
	res.Body.Close()
}

func TestErrorsDoNotShowTokens(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	target, _ := url.Parse("http://127.0.0.1:1")
	s := newSite(t, immich.Config{})
	p, err := immich.New(s.manager, target, immich.Config{Logger: textLogger(&log), NoAdoption: true})
	must(t, err)
	w := newRecorder()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://x/a?sessionKey=verysecret&apiKey=alsosecret", nil)
	r.RemoteAddr = "127.0.0.1:1"
	p.ServeHTTP(w, r)
	if w.Code != 502 || strings.Contains(log.String()+w.Body.String(), "secret&") || strings.Contains(log.String(), "alsosecret") {
		t.Errorf("got %d, log %s", w.Code, log.String())
	}
	if !strings.Contains(log.String(), "no answer") {
		t.Errorf("log: %q", log.String())
	}
	r.Header.Set("Sec-Fetch-Mode", "navigate") // a person gets a page
	w = newRecorder()
	p.ServeHTTP(w, r)
	if w.Code != 502 || !strings.HasPrefix(w.Body.String(), "<!DOCTYPE html>") {
		t.Errorf("a person gets %d %s", w.Code, w.Body.String())
	}
}

var errDown = errors.New("the store is down")

func TestStoreIsDown(t *testing.T) {
	t.Parallel()
	for _, pass := range []bool{false, true} {
		s := newSite(t, immich.Config{InsecurePassOnTrouble: pass})
		c := s.client(phone).login("ada")
		s.store.Before = func(string) error { return errDown }
		want := 503
		if pass {
			want = 200
		}
		c.want(want, "POST", "/api/auth/validateToken", "")
		late := s.client(browser).login("ada") // the sign-in is not lost
		late.want(want, "POST", "/api/auth/validateToken", "")
		s.client("x").want(200, "GET", "/api/server/ping", "") // without a token there is nothing to judge
		s.store.Before = nil
		c.want(200, "POST", "/api/auth/validateToken", "")
		late.want(200, "POST", "/api/auth/validateToken", "")
		if n := s.live("ada"); n != 2 {
			t.Errorf("pass %v: got %d sessions afterwards, want 2", pass, n)
		}
	}
}
