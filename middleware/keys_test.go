package middleware_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

// TestKeysAreNotPrinted prints all that holds a key, in every way and also from
// inside of a host's own struct, and looks for the key in what comes out.
func TestKeysAreNotPrinted(t *testing.T) {
	t.Parallel()
	secret := []byte("ThisIsAKeyThatNobodyMayEverRead!")
	keys := session.NewKeys(secret, append([]byte("Old"), secret...))
	assessor, err := risk.New(risk.Config{Key: keys})
	if err != nil {
		t.Fatal(err)
	}
	store := memstore.New()
	sessions := session.Config{ProfileKeys: keys, Assessor: assessor}
	manager, err := session.New(store, sessions)
	if err != nil {
		t.Fatal(err)
	}
	cfg := middleware.Config{CookieKeys: keys}
	mw, err := middleware.New(manager, cfg)
	if err != nil {
		t.Fatal(err)
	}
	pages := activity.Config{LinkKeys: keys}
	page, err := activity.New(mw, pages)
	if err != nil {
		t.Fatal(err)
	}
	type host struct {
		Keys     session.Keys
		hidden   session.Keys
		Config   middleware.Config
		config   session.Config
		manager  *session.Manager
		mw       *middleware.Middleware
		assessor any
		list     []any
		byName   map[string]session.Keys
	}
	h := host{keys, keys, cfg, sessions, manager, mw, assessor, []any{page, pages, store}, map[string]session.Keys{"k": keys}}
	for _, v := range []any{keys, &keys, cfg, &cfg, sessions, &sessions, pages, manager, mw, page, assessor, store, h, &h, []host{h}, map[string]*host{"h": &h}} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		func() {
			defer func() { fmt.Fprint(&out, recover()) }()
			panic(fmt.Errorf("%v %+v", v, v))
		}()
		for name, form := range map[string]string{
			"text": string(secret), "hex": hex.EncodeToString(secret), "HEX": strings.ToUpper(hex.EncodeToString(secret)),
			"base64": base64.StdEncoding.EncodeToString(secret)[:40], "decimal": strings.Trim(fmt.Sprint(secret), "[]"),
			"Go": strings.Trim(fmt.Sprintf("%#v", secret), "[]byte{}"),
		} {
			if strings.Contains(out.String(), form) {
				t.Errorf("%T prints its keys as %s", v, name)
			}
		}
	}
}

func TestKeysAreChecked(t *testing.T) {
	t.Parallel()
	good := []byte("ThisIsAKeyThatNobodyMayEverRead!")
	for name, keys := range map[string]session.Keys{
		"short": session.NewKeys(good[:31]), "second is short": session.NewKeys(good, good[:31]), "empty": session.NewKeys([]byte{}),
		"never filled in": session.NewKeys(make([]byte, 32)), "nil": session.NewKeys(nil),
	} {
		if keys.Check() == nil {
			t.Errorf("%s: got no error", name)
		}
		if _, err := middleware.New(newManager(t), middleware.Config{CookieKeys: keys}); err == nil || !strings.Contains(err.Error(), "CookieKeys") {
			t.Errorf("%s: got %v, want an error that names CookieKeys", name, err)
		}
	}
	mine := bytes.Clone(good)
	keys := session.NewKeys(mine)
	clear(mine)
	if err := keys.Check(); err != nil {
		t.Errorf("keys are the caller's: %v", err)
	}
	if !session.NewKeys().IsZero() || (session.Keys{}).Check() != nil {
		t.Error("no keys are not the zero Keys")
	}
}

func newManager(t *testing.T) *session.Manager {
	t.Helper()
	m, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
