package middleware

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
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

// codecs returns what seals, the first, and opens. It is a func, since fmt prints
// all but the inside of one, and the keys are in there.
type codecs func() []codec

// newCodecs returns a codec for each key, nil for none.
func newCodecs(keys session.Keys, maxAge int) codecs {
	var all []codec
	for _, key := range keys.Reveal() {
		key = slices.Clone(key)
		all = append(all, newCodec(securecookie.New(key, nil).
			SetSerializer(securecookie.NopEncoder{}).
			MaxAge(maxAge).
			MaxLength(maxCredential), key))
	}
	if all == nil {
		return nil
	}
	return func() []codec { return all }
}

// open returns what was sealed, and by the key of which codec.
func (c codecs) open(name, value string) (raw []byte, i int, ok bool) {
	for i, codec := range c() {
		if codec.isForged(name, value) {
			continue
		}
		var b []byte
		if codec.Decode(name, value, &b) == nil {
			return b, i, true
		}
	}
	return nil, 0, false
}

// cookie reads and writes the session's cookie. With keys its value is sealed by
// securecookie: that throws forgeries away cheaply, and is not what revokes.
type cookie struct {
	attributes http.Cookie
	codecs     codecs // nil: the cookie holds the bare token
	verified   *memory[opened]
	quiet      *knownTable
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
	if err := cfg.CookieKeys.Check(); err != nil {
		return cookie{}, fmt.Errorf("middleware: Config.CookieKeys: %w", err)
	}
	c.codecs = newCodecs(cfg.CookieKeys, 0) // the session decides when it ends
	c.quiet = new(knownTable)
	if c.codecs != nil {
		c.verified = new(memory[opened])
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

// cookieValue returns the value of the cookie of that name, without allocating.
// There is none if two cookies have the name, or if it is too long.
func cookieValue(r *http.Request, name string) (value string, present bool) {
	return cookieUpTo(r, name, maxCredential)
}

func cookieUpTo(r *http.Request, name string, limit int) (value string, present bool) {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var part string
			if part, line = cutCookie(line); len(part) <= len(name) || part[len(name)] != '=' || part[:len(name)] != name {
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

// opened is what a value of the cookie holds.
type opened struct {
	cred     session.Credential // zero if nothing
	outdated bool               // sealed with a key that is not the first any more
}

// read returns what a value of the cookie holds.
func (c *cookie) read(value string) (o opened) {
	if value == "" || len(value) > maxCredential {
		return o
	}
	if c.codecs == nil {
		o.cred, _ = session.ParseCredential(value) // zero on any error
		return o
	}
	// Decoding costs more than all the rest of a request, so it is done once
	// for each value. The hash of the value is the key: the memory holds
	// nothing that would sign anybody in.
	var buf [maxCredential]byte // on the stack, as []byte(value) is not
	key := sha256.Sum256(buf[:copy(buf[:], value)])
	if o, ok := c.verified.get(key); ok {
		return o
	}
	t, outdated, err := c.open(value)
	if err != nil {
		return o
	}
	o = opened{t.Credential(), outdated}
	c.verified.put(key, o)
	return o
}

// credential returns what a value of the cookie proves; the zero Credential if
// nothing.
func (c *cookie) credential(value string) session.Credential { return c.read(value).cred }

// token returns the token of the request's cookie with that end.
func (c *cookie) token(r *http.Request, end string) (session.Token, error) {
	value, _ := cookieValue(r, c.attributes.Name+end)
	if value == "" {
		return session.Token{}, errNoCookie
	}
	if c.codecs == nil {
		return session.ParseToken(value)
	}
	t, _, err := c.open(value)
	return t, err
}

// open also reports whether it took another key than the first.
func (c *cookie) open(value string) (t session.Token, outdated bool, err error) {
	raw, i, ok := c.codecs.open(c.attributes.Name, value)
	if !ok {
		return t, false, errNoCookie // whatever it was: there is no fallback
	}
	t, err = session.TokenFromBytes(raw)
	return t, i > 0, err
}

// set sends the token, under the name with that end. Its Max-Age is the session's
// remaining life, for persistent sessions only; the server never believes it.
func (c *cookie) set(w http.ResponseWriter, end string, t session.Token, s *session.Session, now time.Time) {
	k := c.attributes
	if k.Value = t.Reveal(); c.codecs != nil {
		k.Value = seal(c.codecs()[0], k.Name, t.Bytes()) // whatever the end: it can be read under each
	}
	if k.Name += end; s.Persistent {
		k.MaxAge = int(min(s.ExpiresAt.Sub(now), maxCookieAge) / time.Second)
	}
	h := w.Header()
	h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(v string) bool { // of another token
		end, ok := strings.CutPrefix(v, c.attributes.Name)
		end, _, _ = strings.Cut(end, "=")
		return ok && isEnd(end)
	})
	sendSecret(w, &k)
}

// newEnd returns an end that no name has had.
func newEnd() string {
	end := make([]byte, endLen)
	_, _ = rand.Read(end)
	for i, b := range end {
		end[i] = endAlpha[b%32]
	}
	end[0] = '.'
	return string(end)
}

func seal(codec securecookie.Codec, name string, raw []byte) string {
	value, err := codec.Encode(name, raw)
	if err != nil {
		panic(fmt.Sprintf("middleware: seal cookie: %v", err))
	}
	return value
}

// clear takes the cookie with that end away, with the attributes that it was set
// with.
func (c *cookie) clear(w http.ResponseWriter, end string) {
	k := c.attributes
	k.Name += end
	k.MaxAge = -1
	sendSecret(w, &k)
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

// keyApart is another key for Cache-Control. The server writes what is under it
// like all the rest, and a handler that sets Cache-Control afterwards leaves it:
// of the two lines the stricter one counts (RFC 9111, 5.2).
const keyApart = "cache-control"

// sendSecret is sendCookie for one that says who somebody is: no cache keeps the
// answer, whatever the handler says of it afterwards.
func sendSecret(w http.ResponseWriter, k *http.Cookie) {
	sendCookie(w, k)
	w.Header()[keyApart] = cacheNoStore
}
