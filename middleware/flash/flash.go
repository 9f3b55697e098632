// Package flash keeps small values in a browser between one answer and a later
// request, before anybody has signed in or beside a session: a message to show
// once after a redirect, the state and verifier of an OAuth sign-in, the page to
// return to, a token for the form of a sign-in page.
//
// There is no store: a value travels in a cookie of its own, which nobody but the
// holder of the keys can read or write, and which ends after minutes. Take removes
// it from the browser; a copy that somebody has kept can be shown again until
// MaxAge has passed, so what must count once is to be made so where it counts, as
// providers do with an OAuth code.
package flash

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// MaxBytes is how long a value may be, as JSON. Browsers keep 4,096 bytes of a
// cookie; sealing makes a third more and a bit.
const MaxBytes = 2048

var (
	// ErrNone says that the browser has no such value: it was taken, its time is
	// over, or the browser keeps no cookies.
	ErrNone = errors.New("flash: no value")
	// ErrTooLong says that a value has more than MaxBytes.
	ErrTooLong = errors.New("flash: value too long")
)

// Config holds what a [Jar] can be told. The zero Config works and is safe.
type Config struct {
	// MaxAge is how long a value is good. Defaults to 10 minutes; a day at most.
	MaxAge time.Duration
	// FormPost has the cookie come with a form that another site's page sends,
	// as providers with response_mode=form_post do (SameSite=None). It does not
	// work together with middleware.Config.InsecureCookie. Defaults to false: the
	// cookie comes when a link or a redirect leads here.
	FormPost bool
}

// A Jar keeps one value of type T in each browser. It is safe for concurrent use.
type Jar[T any] struct {
	name   string
	cookie http.Cookie
	codecs func() []securecookie.Codec // a func hides the keys from fmt
}

// New returns a Jar whose cookie is named after name, with the prefix "__Host-"
// unless mw has an InsecureCookie. The first of the keys seals, all of them open;
// those of middleware.Config.CookieKeys will do, since others are derived from
// them. Two names never open each other's values.
func New[T any](mw *middleware.Middleware, keys session.Keys, name string, cfg Config) (*Jar[T], error) {
	if mw == nil {
		return nil, errors.New("flash: no Middleware")
	}
	if keys.IsZero() {
		return nil, errors.New("flash: no keys")
	}
	if err := keys.Check(); err != nil {
		return nil, fmt.Errorf("flash: keys: %w", err)
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 10 * time.Minute
	}
	if cfg.MaxAge < time.Second || cfg.MaxAge > 24*time.Hour {
		return nil, fmt.Errorf("flash: Config.MaxAge: %v is not from a second to a day", cfg.MaxAge)
	}
	j := &Jar[T]{name: name, cookie: http.Cookie{
		Name: "__Host-" + name, Path: "/", Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: int(cfg.MaxAge / time.Second),
	}}
	if mw.InsecureCookie() {
		if cfg.FormPost {
			return nil, errors.New("flash: Config.FormPost: browsers want a Secure cookie for it, and InsecureCookie is set")
		}
		j.cookie.Name, j.cookie.Secure = name, false
	}
	if cfg.FormPost {
		j.cookie.SameSite = http.SameSiteNoneMode
	}
	probe := j.cookie
	if probe.Value = "x"; name == "" || strings.HasPrefix(strings.ToLower(name), "__") || probe.Valid() != nil {
		return nil, fmt.Errorf("flash: %q cannot be the name of a cookie", name)
	}
	var codecs []securecookie.Codec
	for _, key := range keys.Reveal() {
		derived, err := hkdf.Key(sha256.New, key, nil, "signedin flash", 64)
		if err != nil {
			return nil, fmt.Errorf("flash: %w", err)
		}
		codecs = append(codecs, securecookie.New(derived[:32], derived[32:]).
			SetSerializer(securecookie.NopEncoder{}).MaxAge(j.cookie.MaxAge).MaxLength(4000))
	}
	j.codecs = func() []securecookie.Codec { return codecs }
	return j, nil
}

// Put gives the browser v, in the place of the value before. Call it before the
// answer is written.
func (j *Jar[T]) Put(w http.ResponseWriter, v T) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("flash: %w", err)
	}
	if len(raw) > MaxBytes {
		return ErrTooLong
	}
	k := j.cookie
	if k.Value, err = j.codecs()[0].Encode(j.name, raw); err != nil {
		return fmt.Errorf("flash: %w", err)
	}
	j.send(w, &k)
	return nil
}

// Take returns the value of r's browser and takes it away. Call it before the
// answer is written. The error is [ErrNone] if there is none, whatever else the
// browser sent.
func (j *Jar[T]) Take(w http.ResponseWriter, r *http.Request) (T, error) {
	if _, err := r.Cookie(j.cookie.Name); err == nil {
		k := j.cookie
		k.MaxAge = -1
		j.send(w, &k)
	}
	return j.Peek(r)
}

// Peek is Take that leaves the value where it is.
func (j *Jar[T]) Peek(r *http.Request) (v T, err error) {
	sent := r.CookiesNamed(j.cookie.Name)
	if len(sent) != 1 { // of two, somebody planted one
		return v, ErrNone
	}
	for _, codec := range j.codecs() {
		var raw []byte
		if codec.Decode(j.name, sent[0].Value, &raw) != nil {
			continue
		}
		var opened T
		if json.Unmarshal(raw, &opened) != nil { // of a version before, with another T
			return v, ErrNone
		}
		return opened, nil
	}
	return v, ErrNone
}

func (j *Jar[T]) send(w http.ResponseWriter, k *http.Cookie) {
	h := w.Header()
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(v string) bool { return strings.HasPrefix(v, k.Name+"=") })
	http.SetCookie(w, k)
	h.Set("Cache-Control", "no-store")
}
