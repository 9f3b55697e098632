package middleware

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/securecookie"

	"github.com/signedin/signedin/session"
)

const (
	// maxCredential bounds a cookie's value or a bearer token before any work
	// is done on it.
	maxCredential = 512
	minKey        = 32

	// maxCookieAge is what browsers cap a cookie's life at (RFC 6265bis,
	// "Cookie Lifetime Limits").
	maxCookieAge = 400 * 24 * time.Hour
)

var errNoCookie = errors.New("middleware: no usable cookie")

// cookie reads and writes the one cookie. With keys its value is sealed by
// securecookie: that throws forgeries away cheaply, and is not what revokes.
type cookie struct {
	attributes http.Cookie
	codecs     []securecookie.Codec
	verified   *verified
}

func newCookie(cfg Config) (cookie, error) {
	c := cookie{attributes: http.Cookie{
		Name: cfg.CookieName, Domain: cfg.CookieDomain, Path: "/",
		Secure: !cfg.InsecureCookie, HttpOnly: true, SameSite: cfg.CookieSameSite,
	}}
	if c.attributes.Name == "" {
		c.attributes.Name = "__Host-session"
		if cfg.InsecureCookie {
			c.attributes.Name = "session"
		}
	}
	if c.attributes.SameSite == 0 {
		c.attributes.SameSite = http.SameSiteLaxMode
	}
	if err := c.check(cfg); err != nil {
		return cookie{}, err
	}
	for i, key := range cfg.CookieKeys {
		if err := checkKey(key); err != nil {
			return cookie{}, fmt.Errorf("middleware: Config.CookieKeys[%d]: %w", i, err)
		}
		c.codecs = append(c.codecs, securecookie.New(slices.Clone(key), nil).
			SetSerializer(securecookie.NopEncoder{}).
			MaxAge(0). // the session decides when it ends
			MaxLength(maxCredential))
	}
	if c.codecs != nil {
		c.verified = new(verified)
	}
	return c, nil
}

func (c *cookie) check(cfg Config) error {
	a := c.attributes
	probe := a
	probe.Value = "x"
	hostPrefix := hasPrefixFold(a.Name, "__Host-")
	switch {
	case probe.Valid() != nil:
		return fmt.Errorf("middleware: Config.CookieName or CookieDomain: %w", probe.Valid())
	case hostPrefix && a.Domain != "":
		return fmt.Errorf("middleware: Config.CookieDomain: a cookie named %q has no Domain", a.Name)
	case !a.Secure && (hostPrefix || hasPrefixFold(a.Name, "__Secure-")):
		return fmt.Errorf("middleware: Config.CookieName: %q asks for a Secure cookie, and InsecureCookie is set", a.Name)
	case a.SameSite != http.SameSiteLaxMode && a.SameSite != http.SameSiteStrictMode:
		return errors.New("middleware: Config.CookieSameSite: neither Lax nor Strict")
	}
	return nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func checkKey(key []byte) error {
	switch {
	case len(key) < minKey:
		return fmt.Errorf("%d bytes, want at least %d", len(key), minKey)
	case bytes.Count(key, key[:1]) == len(key):
		return errors.New("all bytes are equal")
	}
	return nil
}

// cookieValue returns the value of the cookie of that name, without allocating.
// There is none if two cookies have the name, or if it is too long.
func cookieValue(r *http.Request, name string) (value string, present bool) {
	return cookieUpTo(r, name, maxCredential)
}

func cookieUpTo(r *http.Request, name string, limit int) (value string, present bool) {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var part string
			part, line, _ = strings.Cut(line, ";")
			part = strings.Trim(part, " \t")
			if len(part) <= len(name) || part[len(name)] != '=' || part[:len(name)] != name {
				continue
			}
			if present { // somebody planted a second one
				return "", true
			}
			value, present = part[len(name)+1:], true
		}
	}
	if len(value) > limit {
		return "", present
	}
	return value, present
}

// credential returns what the cookie proves; the zero Credential if nothing.
func (c *cookie) credential(r *http.Request) (cred session.Credential, present bool) {
	value, present := cookieValue(r, c.attributes.Name)
	if value == "" {
		return cred, present
	}
	if c.codecs == nil {
		cred, _ = session.ParseCredential(value) // zero on any error
		return cred, true
	}
	// Decoding costs more than all the rest of a request, so it is done once
	// for each value. The hash of the value is the key: the memory holds
	// nothing that would sign anybody in.
	var buf [maxCredential]byte // on the stack, as []byte(value) is not
	key := sha256.Sum256(buf[:copy(buf[:], value)])
	if cred, ok := c.verified.get(key); ok {
		return cred, true
	}
	t, err := c.open(value)
	if err != nil {
		return cred, true
	}
	cred = t.Credential()
	c.verified.put(key, cred)
	return cred, true
}

// token returns the token of the request's cookie.
func (c *cookie) token(r *http.Request) (session.Token, error) {
	value, _ := cookieValue(r, c.attributes.Name)
	if value == "" {
		return session.Token{}, errNoCookie
	}
	if c.codecs == nil {
		return session.ParseToken(value)
	}
	return c.open(value)
}

func (c *cookie) open(value string) (session.Token, error) {
	var raw []byte
	if err := securecookie.DecodeMulti(c.attributes.Name, value, &raw, c.codecs...); err != nil {
		return session.Token{}, errNoCookie // whatever it was: there is no fallback
	}
	return session.TokenFromBytes(raw)
}

// set sends the token. Its Max-Age is the session's remaining life, for
// persistent sessions only; the server never believes it.
func (c *cookie) set(w http.ResponseWriter, t session.Token, s *session.Session, now time.Time) {
	k := c.attributes
	if k.Value = t.Reveal(); c.codecs != nil {
		k.Value = seal(c.codecs[0], k.Name, t.Bytes())
	}
	if s.Persistent {
		k.MaxAge = int(min(s.ExpiresAt.Sub(now), maxCookieAge) / time.Second)
	}
	sendCookie(w, &k)
}

// seal returns raw under the first key. With few bytes and a key that was
// checked it does not fail.
func seal(codec securecookie.Codec, name string, raw []byte) string {
	value, err := codec.Encode(name, raw)
	if err != nil {
		panic(fmt.Sprintf("middleware: seal cookie: %v", err))
	}
	return value
}

// clear takes the cookie away, with the attributes that it was set with.
func (c *cookie) clear(w http.ResponseWriter) {
	k := c.attributes
	k.MaxAge = -1
	sendCookie(w, &k)
}

// sendCookie sets the cookie, in the place of one that was set for this answer
// before, and keeps the answer out of every cache.
func sendCookie(w http.ResponseWriter, k *http.Cookie) {
	h := w.Header()
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(v string) bool {
		return strings.HasPrefix(v, k.Name+"=")
	})
	http.SetCookie(w, k)
	h["Cache-Control"] = cacheNoStore
}

const (
	verifiedShards = 64
	maxVerified    = 1024 // a shard: 65,536 values in all, about 10 MB
)

// verified remembers which sealed values were good.
type verified [verifiedShards]struct {
	mu sync.RWMutex
	m  map[[sha256.Size]byte]session.Credential
}

func (v *verified) get(key [sha256.Size]byte) (session.Credential, bool) {
	s := &v[key[0]%verifiedShards]
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.m[key]
	return c, ok
}

func (v *verified) put(key [sha256.Size]byte, c session.Credential) {
	s := &v[key[0]%verifiedShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = make(map[[sha256.Size]byte]session.Credential)
	}
	if len(s.m) >= maxVerified {
		for old := range s.m { // any: it is verified again when it comes
			delete(s.m, old)
			break
		}
	}
	s.m[key] = c
}
