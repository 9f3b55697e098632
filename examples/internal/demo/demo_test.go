package demo_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// host is the site on a real server and a real database.
type host struct {
	*httptest.Server
	sessions *session.Manager
	users    *demo.Users
	dir      string
	log      *syncBuffer
}

type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// hooked runs a function before a user's generation is read.
type hooked struct {
	session.Store
	before func()
	broken bool // nothing can be revoked
}

func (h *hooked) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	if h.broken {
		return session.Revoked{}, errors.New("broken")
	}
	return h.Store.Revoke(ctx, r)
}

func (h *hooked) Generation(ctx context.Context, userID string) (session.Generations, error) {
	if f := h.before; f != nil {
		h.before = nil
		f()
	}
	return h.Store.Generation(ctx, userID)
}

func newHost(t *testing.T) (*host, *hooked) {
	t.Helper()
	return newHostWith(t, (*sqlstore.Store).InTx)
}

// newHostWith has sessions end in the transaction of a change of the password
// by inTx, or apart from it if that is nil.
func newHostWith(t *testing.T, inTx func(*sqlstore.Store, context.Context, func(context.Context, *sqlx.Tx) error) error) (*host, *hooked) {
	t.Helper()
	h := &host{dir: t.TempDir(), log: new(syncBuffer)}
	db, err := sqlx.Open("sqlite", sqlstore.SQLiteDSN(filepath.Join(h.dir, "demo.db")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.Config{}); err != nil {
		t.Fatal(err)
	}
	inner, err := sqlstore.New(t.Context(), db, sqlstore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	store := &hooked{Store: inner}
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	observer := session.ObserverFunc(func(_ context.Context, e session.Event) { log.Info("event", "event", e, "session", e.Session) })
	if h.sessions, err = session.New(store, session.Config{Logger: log, Observers: []session.Observer{observer}}); err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(h.sessions, middleware.Config{
		CookieKeys: session.NewKeys([]byte("a key for this test, 32 bytes or more")), Refuse: middleware.ToSignIn("/login"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var transaction demo.Transaction
	if inTx != nil {
		transaction = func(ctx context.Context, f func(context.Context, *sqlx.Tx) error) error { return inTx(inner, ctx, f) }
	}
	if h.users, _, err = demo.NewUsers(t.Context(), db, transaction); err != nil {
		t.Fatal(err)
	}
	site, err := demo.New(h.users, mw, "", log)
	if err != nil {
		t.Fatal(err)
	}
	h.Server = httptest.NewTLSServer(site)
	t.Cleanup(h.Close)
	return h, store
}

func (h *host) browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: h.Client().Transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// do sends a request, a form if there are fields, and returns what came back.
func (h *host) do(t *testing.T, c *http.Client, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", h.URL)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func form(fields ...string) string {
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return v.Encode()
}

func (h *host) signIn(t *testing.T, c *http.Client, password string, more ...string) (int, string) {
	t.Helper()
	res, body := h.do(t, c, "POST", "/login", form(append([]string{"email", demo.Emails[0], "password", password}, more...)...))
	return res.StatusCode, body
}

func (h *host) token(t *testing.T) string {
	t.Helper()
	res, body := h.do(t, h.browser(t), "POST", "/api/token", fmt.Sprintf(`{"email":%q,"password":%q}`, demo.Emails[0], demo.Password), "Content-Type", "application/json")
	var out struct {
		Token   string
		Session struct{ ID, Carrier string }
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil || res.StatusCode != 201 || out.Session.Carrier != "bearer" {
		t.Fatalf("got %d %s", res.StatusCode, body)
	}
	return out.Token
}

func TestSignIn(t *testing.T) {
	h, _ := newHost(t)
	c := h.browser(t)
	if res, _ := h.do(t, c, "GET", "/", ""); res.StatusCode != 303 || res.Header.Get("Location") != "/login" {
		t.Errorf("signed out: got %d to %s", res.StatusCode, res.Header.Get("Location"))
	}
	wrong, wrongBody := h.signIn(t, c, "wrong")
	unknown, unknownBody := h.do(t, c, "POST", "/login", form("email", "carol@example.com", "password", "wrong"))
	if wrong != 401 || unknown.StatusCode != 401 || strings.ReplaceAll(wrongBody, demo.Emails[0], "X") != strings.ReplaceAll(unknownBody, "carol@example.com", "X") {
		t.Errorf("a wrong password and an unknown address can be told apart: %d, %d", wrong, unknown.StatusCode)
	}
	if got, body := h.signIn(t, c, demo.Password, "remember", "1", "next", "/account/devices"); got != 303 {
		t.Fatalf("got %d %s", got, body)
	}
	res, body := h.do(t, c, "GET", "/", "")
	if res.StatusCode != 200 || !strings.Contains(body, demo.Emails[0]) {
		t.Errorf("signed in: got %d %s", res.StatusCode, body)
	}
	for next, want := range map[string]string{"/account/devices": "/account/devices", "//evil.example": "/", "https://evil.example": "/", "": "/"} {
		res, _ := h.do(t, h.browser(t), "POST", "/login", form("email", demo.Emails[0], "password", demo.Password, "next", next))
		if got := res.Header.Get("Location"); got != want {
			t.Errorf("next %q: got %q, want %q", next, got, want)
		}
	}
	if res, _ := h.do(t, c, "POST", "/logout", ""); res.StatusCode != 303 || res.Header.Get("Location") != "/login" {
		t.Errorf("sign-out: got %d", res.StatusCode)
	}
	if res, _ := h.do(t, c, "GET", "/api/me", ""); res.StatusCode != 401 || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("after sign-out: got %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
}

func TestKeepMeSignedIn(t *testing.T) {
	h, _ := newHost(t)
	for name, c := range map[string]struct {
		fields     []string
		persistent bool
		idle       string
	}{
		"neither":  {nil, false, "168h0m0s"},
		"remember": {[]string{"remember", "1"}, true, "168h0m0s"},
		"shared":   {[]string{"shared", "1"}, false, "1h0m0s"},
		"both":     {[]string{"shared", "1", "remember", "1"}, false, "1h0m0s"},
	} {
		browser := h.browser(t)
		res, _ := h.do(t, browser, "POST", "/login", form(append([]string{"email", demo.Emails[1], "password", demo.Password}, c.fields...)...))
		if got := res.Cookies()[0].MaxAge > 0; got != c.persistent {
			t.Errorf("%s: persistent %v", name, got)
		}
		id, err := h.users.ID(t.Context(), demo.Emails[1])
		if err != nil {
			t.Fatal(err)
		}
		all, err := h.sessions.List(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got := all[0].IdleTimeout.String(); got != c.idle {
			t.Errorf("%s: idle %s", name, got)
		}
		res, page := h.do(t, browser, "POST", "/logout", "")
		if shared := c.idle == "1h0m0s"; strings.Contains(page, "is kept on this computer.") != shared {
			t.Errorf("%s: signed out: %s %s", name, res.Status, page)
		}
		if all, err = h.sessions.List(t.Context(), id); err != nil || len(all) > 0 {
			t.Errorf("%s: still signed in: %v, %v", name, all, err)
		}
	}
}

// The password is changed, and everybody signed out, after a sign-in with the
// old one has begun.
func TestOldPasswordLosesTheRace(t *testing.T) {
	h, store := newHost(t)
	id, err := h.users.ID(t.Context(), demo.Emails[0])
	if err != nil {
		t.Fatal(err)
	}
	store.before = func() {
		err := h.users.SetPassword(t.Context(), id, demo.Given(demo.Password), "the new password", func(ctx context.Context) error {
			_, err := h.sessions.RevokeAll(ctx, id, session.ReasonPasswordChanged)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if got, _ := h.signIn(t, h.browser(t), demo.Password); got != 401 {
		t.Errorf("got %d, want 401", got)
	}
	if all, err := h.sessions.List(t.Context(), id); err != nil || len(all) != 0 {
		t.Errorf("got %d sessions, %v", len(all), err)
	}
}

func TestPasswordChange(t *testing.T) {
	h, _ := newHost(t)
	mine, other := h.browser(t), h.browser(t)
	h.signIn(t, mine, demo.Password)
	h.signIn(t, other, demo.Password)
	token := h.token(t)
	for name, fields := range map[string]string{"wrong": form("current", "wrong", "new", "the new password"), "weak": form("current", demo.Password, "new", "short")} {
		if res, _ := h.do(t, mine, "POST", "/password", fields); res.StatusCode != 422 {
			t.Errorf("%s: got %d", name, res.StatusCode)
		}
	}
	before := mine.Jar.Cookies(must(url.Parse(h.URL)))[0].Value
	res, body := h.do(t, mine, "POST", "/password", form("current", demo.Password, "new", "the new password"))
	if res.StatusCode != 200 || !strings.Contains(body, "2 other devices were signed out") {
		t.Fatalf("got %d %s", res.StatusCode, body)
	}
	if after := mine.Jar.Cookies(must(url.Parse(h.URL))); after[len(after)-1].Value == before {
		t.Error("this device kept its old secret")
	}
	for name, c := range map[string]struct {
		client *http.Client
		header []string
		want   int
	}{
		"this device": {mine, nil, 200}, "the other browser": {other, nil, 401},
		"the app": {h.browser(t), []string{"Authorization", "Bearer " + token}, 401},
		"a thief": {h.browser(t), []string{"Cookie", "__Host-session=" + before}, 401},
	} {
		if res, _ := h.do(t, c.client, "GET", "/api/me", "", c.header...); res.StatusCode != c.want {
			t.Errorf("%s: got %d, want %d", name, res.StatusCode, c.want)
		}
	}
	if got, _ := h.signIn(t, h.browser(t), demo.Password); got != 401 {
		t.Errorf("the old password: got %d", got)
	}
	if got, _ := h.signIn(t, h.browser(t), "the new password"); got != 303 {
		t.Errorf("the new password: got %d", got)
	}
}

// An app that changes the password keeps its token, or gets a new one if it
// asks.
func TestPasswordChangeByAnApp(t *testing.T) {
	h, _ := newHost(t)
	old := h.token(t)
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token, "Origin", ""} }
	res, body := h.do(t, h.browser(t), "POST", "/password", form("current", demo.Password, "new", "the new password"), bearer(old)...)
	if res.StatusCode != 200 || strings.TrimSpace(body) != `{"revoked":0}` {
		t.Fatalf("got %d %s", res.StatusCode, body)
	}
	res, body = h.do(t, h.browser(t), "POST", "/password", form("current", "the new password", "new", demo.Password, "new_token", "1"), bearer(old)...)
	var out struct{ Token string }
	if err := json.Unmarshal([]byte(body), &out); err != nil || res.StatusCode != 200 || out.Token == "" || out.Token == old {
		t.Fatalf("got %d %s", res.StatusCode, body)
	}
	for token, want := range map[string]int{old: 401, out.Token: 200} {
		if res, _ := h.do(t, h.browser(t), "GET", "/api/me", "", "Authorization", "Bearer "+token); res.StatusCode != want {
			t.Errorf("got %d, want %d", res.StatusCode, want)
		}
	}
}

func TestTokenRefusesBadInput(t *testing.T) {
	h, _ := newHost(t)
	for body, want := range map[string]int{
		`{"email":"alice@example.com","password":"wrong"}`: 401, `{"email":"nobody@example.com","password":"x"}`: 401, `{}`: 401,
		``: 400, `{`: 400, `[]`: 400, `{"email":1}`: 400, `{"email":"a","extra":1}`: 400, `{} {}`: 400,
		`null`: 401, `{"email":"a"} x`: 400, `{"email":"a"}]`: 400, `{"email":"` + strings.Repeat("a", 5000) + `"}`: 413,
	} {
		res, _ := h.do(t, h.browser(t), "POST", "/api/token", body)
		if res.StatusCode != want || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%.40s: got %d %s, want %d", body, res.StatusCode, res.Header.Get("Content-Type"), want)
		}
	}
	if res, _ := h.do(t, h.browser(t), "POST", "/login", "email="+strings.Repeat("a", 5000)); res.StatusCode != 413 {
		t.Errorf("a long form: got %d", res.StatusCode)
	}
}

// A wrong method and a path that is not there are told like every other error.
func TestNoSuchRoute(t *testing.T) {
	h, _ := newHost(t)
	for request, want := range map[string]string{
		"PUT /login": "405 GET, HEAD, POST", "GET /logout": "405 POST", "POST /events": "405 GET, HEAD", "FOO /": "405 GET, HEAD",
		"DELETE /api/token": "405 POST", "PUT " + demo.Devices: "401 ", "GET /nowhere": "404 ", "POST /nowhere": "404 ",
	} {
		method, path, _ := strings.Cut(request, " ")
		res, body := h.do(t, h.browser(t), method, path, "")
		if got := fmt.Sprintf("%d %s", res.StatusCode, res.Header.Get("Allow")); got != want || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %s, %s %s, want %s", request, got, res.Header.Get("Content-Type"), body, want)
		}
	}
	if res, _ := h.do(t, h.browser(t), "GET", "/account/../login", ""); res.StatusCode/100 != 3 || res.Header.Get("Location") != "/login" {
		t.Errorf("an unclean path: got %d to %s", res.StatusCode, res.Header.Get("Location"))
	}
}

// Three devices; one is signed out from another, and its stream ends.
func TestSignOutAnotherDevice(t *testing.T) {
	h, _ := newHost(t)
	mine, other := h.browser(t), h.browser(t)
	h.signIn(t, mine, demo.Password)
	h.signIn(t, other, demo.Password)
	h.token(t)

	req, err := http.NewRequestWithContext(t.Context(), "GET", h.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := other.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	in := bufio.NewReader(stream.Body)
	if line, err := in.ReadString('\n'); !strings.HasPrefix(line, "data: ") || err != nil {
		t.Fatalf("got %q, %v", line, err)
	}

	_, me := h.do(t, other, "GET", "/api/me", "")
	var their struct{ SessionID string }
	if err := json.Unmarshal([]byte(me), &their); err != nil {
		t.Fatal(err)
	}
	var list []struct {
		ID      string
		Current bool
	}
	_, body := h.do(t, mine, "GET", "/account/devices/api/sessions", "")
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != 3 {
		t.Fatalf("got %s, %v", body, err)
	}
	res, body := h.do(t, mine, "DELETE", "/account/devices/api/sessions/"+their.SessionID, "", "Origin", h.URL)
	if res.StatusCode != 204 {
		t.Fatalf("got %d %s", res.StatusCode, body)
	}
	rest, _ := io.ReadAll(in) // to the end, which comes before the next second
	if strings.Count(string(rest), "data:") > 0 {
		t.Errorf("the stream went on: %q", rest)
	}
	if res, _ := h.do(t, other, "GET", "/api/me", ""); res.StatusCode != 401 {
		t.Errorf("got %d", res.StatusCode)
	}
}

// The secret's bytes are in Set-Cookie, and in the answer that hands a token to
// an app, and nowhere else: not in a log, a body, a header or the database.
func TestCanary(t *testing.T) {
	h, _ := newHost(t)
	c := h.browser(t)
	var seen bytes.Buffer
	record := func(res *http.Response, body string) {
		header := res.Header.Clone()
		header.Del("Set-Cookie")
		fmt.Fprintln(&seen, header, body)
	}
	h.signIn(t, c, demo.Password)
	sealed := c.Jar.Cookies(must(url.Parse(h.URL)))[0].Value
	token := h.token(t)
	for _, path := range []string{"/", "/login", "/password", "/confirm", "/api/me", "/account/devices", "/account/devices/sign-out-others",
		"/account/devices/api/sessions", "/account/devices/api/history", "/nowhere"} {
		record(h.do(t, c, "GET", path, ""))
		record(h.do(t, h.browser(t), "GET", path, "", "Authorization", "Bearer "+token))
		record(h.do(t, h.browser(t), "GET", path, "", "Authorization", "Bearer "+token+"x"))
		record(h.do(t, h.browser(t), "GET", path, "", "Cookie", "__Host-session="+sealed+"; __Host-session="+sealed))
	}
	record(h.do(t, c, "POST", "/account/devices/api/sessions/revoke-others", "", "Content-Type", ""))
	record(h.do(t, c, "POST", "/password", form("current", demo.Password, "new", "the new password")))
	record(h.do(t, c, "POST", "/logout", ""))
	h.Close()

	all := seen.Bytes()
	all = append(all, h.log.Bytes()...)
	files, err := filepath.Glob(filepath.Join(h.dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		all = append(all, must(os.ReadFile(f))...)
	}
	secrets := map[string][]byte{"bearer": must(session.ParseToken(token)).Bytes()[16:]}
	// A sealed value is base64 of "time|value|mac", the value base64 of the token.
	parts := bytes.SplitN(must(base64.URLEncoding.DecodeString(sealed)), []byte("|"), 3)
	secrets["cookie"] = must(base64.URLEncoding.DecodeString(string(parts[1])))[16:]
	for name, secret := range secrets {
		if len(secret) != 32 {
			t.Fatalf("%s: the test looks for %d bytes", name, len(secret))
		}
		for form, needle := range map[string]string{
			"raw": string(secret), "hex": hex.EncodeToString(secret), "base64": base64.RawStdEncoding.EncodeToString(secret[2:]),
			"base64url": base64.RawURLEncoding.EncodeToString(secret[2:]), "whole": token, "sealed": sealed,
		} {
			if bytes.Contains(all, []byte(needle)) || bytes.Contains(all, []byte(strings.ToUpper(needle))) {
				t.Errorf("the secret of the %s is there as %s", name, form)
			}
		}
	}
	if !bytes.Contains(all, []byte("password-changed")) && !bytes.Contains(all, []byte("signed-out-others")) {
		t.Error("the log and the database hold nothing: the test looks in the wrong place")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
