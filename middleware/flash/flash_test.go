package flash_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/flash"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func key(b byte) []byte { return append(bytes.Repeat([]byte{b}, 31), b+1) }

func newMiddleware(t testing.TB, cfg middleware.Config) *middleware.Middleware {
	t.Helper()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return mw
}

func newJar(t testing.TB, mw *middleware.Middleware, name string, cfg flash.Config, keys ...[]byte) *flash.Jar[trip] {
	t.Helper()
	jar, err := flash.New[trip](mw, session.NewKeys(keys...), name, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

type trip struct{ State, Next string }

// put returns the cookie that a value makes.
func put(t testing.TB, jar *flash.Jar[trip], v trip) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if err := jar.Put(w, v); err != nil {
		t.Fatal(err)
	}
	got := w.Result().Cookies()
	if len(got) != 1 || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("got %v, %v", got, w.Header())
	}
	return got[0]
}

func with(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func TestPutTake(t *testing.T) {
	mw := newMiddleware(t, middleware.Config{})
	jar := newJar(t, mw, "trip", flash.Config{}, key(1))
	sent := put(t, jar, trip{"s", "/next"})
	if sent.Name != "__Host-trip" || !sent.Secure || !sent.HttpOnly || sent.SameSite != http.SameSiteLaxMode ||
		sent.MaxAge != 600 || sent.Path != "/" || sent.Domain != "" {
		t.Errorf("got %v", sent)
	}
	if strings.Contains(sent.Value, "next") {
		t.Error("the value can be read")
	}
	if got, err := jar.Peek(with(sent)); err != nil || got.Next != "/next" {
		t.Errorf("Peek: %v, %v", got, err)
	}
	w := httptest.NewRecorder()
	if got, err := jar.Take(w, with(sent)); err != nil || got != (trip{"s", "/next"}) {
		t.Errorf("Take: %v, %v", got, err)
	}
	if gone := w.Result().Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 || gone[0].Name != sent.Name || !gone[0].Secure {
		t.Errorf("taken: %v", gone)
	}
}

func TestNotOpened(t *testing.T) {
	mw := newMiddleware(t, middleware.Config{})
	jar := newJar(t, mw, "trip", flash.Config{}, key(1))
	sent := put(t, jar, trip{State: "s"})
	forged := *sent
	forged.Value = forged.Value[:20] + "A" + forged.Value[21:]
	if forged.Value == sent.Value {
		forged.Value = forged.Value[:20] + "B" + forged.Value[21:]
	}
	other := put(t, newJar(t, mw, "other", flash.Config{}, key(1)), trip{State: "s"})
	other.Name = sent.Name
	for name, r := range map[string]*http.Request{
		"none": with(), "forged": with(&forged), "of another name": with(other), "two": with(sent, sent),
		"of another key": with(put(t, newJar(t, mw, "trip", flash.Config{}, key(9)), trip{State: "s"})),
		"rubbish":        with(&http.Cookie{Name: sent.Name, Value: strings.Repeat("x", 5000)}),
	} {
		if got, err := jar.Take(httptest.NewRecorder(), r); !errors.Is(err, flash.ErrNone) || got != (trip{}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestKeysReplaced(t *testing.T) {
	mw := newMiddleware(t, middleware.Config{})
	before := put(t, newJar(t, mw, "trip", flash.Config{}, key(1)), trip{State: "s"})
	if got, err := newJar(t, mw, "trip", flash.Config{}, key(3), key(1)).Peek(with(before)); err != nil || got.State != "s" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestInsecure(t *testing.T) {
	mw := newMiddleware(t, middleware.Config{InsecureCookie: true})
	if sent := put(t, newJar(t, mw, "trip", flash.Config{}, key(1)), trip{}); sent.Name != "trip" || sent.Secure {
		t.Errorf("got %v", sent)
	}
	if _, err := flash.New[trip](mw, session.NewKeys(key(1)), "trip", flash.Config{FormPost: true}); err == nil {
		t.Error("FormPost without Secure")
	}
}

func TestBounds(t *testing.T) {
	mw := newMiddleware(t, middleware.Config{})
	jar := newJar(t, mw, "trip", flash.Config{FormPost: true}, key(1))
	sent := put(t, jar, trip{State: strings.Repeat("x", flash.MaxBytes-40)})
	if len(sent.String()) > 4096 || sent.SameSite != http.SameSiteNoneMode {
		t.Errorf("%d bytes, SameSite %v", len(sent.String()), sent.SameSite)
	}
	if got, err := jar.Peek(with(sent)); err != nil || len(got.State) != flash.MaxBytes-40 {
		t.Errorf("the longest: %v", err)
	}
	w := httptest.NewRecorder()
	if err := jar.Put(w, trip{State: strings.Repeat("x", flash.MaxBytes)}); !errors.Is(err, flash.ErrTooLong) || len(w.Header()) != 0 {
		t.Errorf("too long: %v, %v", err, w.Header())
	}
	for _, name := range []string{"", "a b", "__Host-x"} {
		if _, err := flash.New[trip](mw, session.NewKeys(key(1)), name, flash.Config{}); err == nil {
			t.Errorf("name %q was taken", name)
		}
	}
	if _, err := flash.New[trip](mw, session.Keys{}, "trip", flash.Config{}); err == nil {
		t.Error("no keys")
	}
	if s := fmt.Sprintf("%+v %#v", jar, jar); strings.Contains(s, fmt.Sprint(key(1)[0:4])) {
		t.Error("keys are printed")
	}
}
