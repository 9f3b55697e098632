package middleware

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/signedin/signedin/session"
)

// Device Bound Session Credentials (the W3C's public draft; Chromium 145 and later on
// desktops): after a sign-in the browser makes a key that cannot leave the device,
// and from then on renews a cookie of some minutes by signing a challenge. A copy of
// the session's cookie alone is refused, a copy of both once the short one has ended.
//
// Nothing of this has a table. A challenge is sealed with CookieKeys: it names the
// session, what it is for, and when it was made, and holds for some minutes on all
// instances. The short cookie ends a lifetime after its challenge was made, however
// often and wherever the same proof is shown: so to show it again gets nobody more
// time.

const (
	boundSuffix = "-bound"

	// challengeLife is how old a challenge may be, and how far in the future, since
	// clocks of instances differ.
	challengeLife = 3 * time.Minute

	toBind, toRefresh = "signedin-bind", "signedin-refresh" // what a challenge is for
)

// binding is how sessions are bound to devices; nil if they are not.
type binding struct {
	path       string // of the routes, as browsers see it
	attributes http.Cookie
	codecs     codecs
	lifetime   time.Duration
}

func newBinding(c cookie, cfg Config, manager *session.Manager) (*binding, error) {
	if cfg.BindDevices == "" {
		return nil, nil
	}
	bad := func(why string) error { return errors.New("middleware: Config.BindDevices: " + why) }
	switch {
	case cfg.Foreign != nil:
		return nil, bad("there is no cookie of ours beside Foreign")
	case cfg.CookieKeys.IsZero():
		return nil, bad("there have to be CookieKeys")
	case cfg.InsecureCookie:
		return nil, bad("browsers have it over https only, not with InsecureCookie")
	case cfg.CookieDomain != "":
		return nil, bad("a device is bound to one host, not to a CookieDomain")
	case LocalPath(cfg.BindDevices, "") == "" || strings.ContainsAny(cfg.BindDevices, `"?#`) || strings.HasSuffix(cfg.BindDevices, "/"):
		return nil, bad(fmt.Sprintf(`%q is no path such as "/session"`, cfg.BindDevices))
	}
	b := &binding{path: cfg.BindDevices, attributes: c.attributes, lifetime: manager.BoundLifetime()}
	b.attributes.Name += boundSuffix
	b.codecs = newCodecs(cfg.CookieKeys, 0) // when it ends is inside
	return b, nil
}

// offer asks the browser of a session to bind it to a key. It goes with the
// session's cookie, in an answer of our own, to a browser that came by https.
func (b *binding) offer(w http.ResponseWriter, r *http.Request, t session.Token, s *session.Session, now time.Time) {
	if b == nil || s.IsBound() || !byHTTPS(r) {
		return
	}
	w.Header().Set("Secure-Session-Registration",
		fmt.Sprintf(`(ES256 RS256);path="%s/bind";challenge="%s"`, b.path, b.challenge(toBind, s.ID, t.Credential().Hash, now)))
}

// byHTTPS reports whether the browser came by https, also to a proxy before us: no
// header that says so is believed for more than to offer what is of no use without.
func byHTTPS(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); r.TLS == nil && origin != "" {
		return strings.HasPrefix(origin, "https://")
	}
	return r.TLS != nil || r.Header.Get("Sec-Fetch-Site") != "" // which browsers send over https alone
}

// challenge returns a new challenge. That of a binding is for the holder of the
// secret with that hash.
func (b *binding) challenge(what string, id session.ID, hash session.SecretHash, now time.Time) string {
	raw := binary.BigEndian.AppendUint64(id[:len(id):len(id)], uint64(now.UnixMilli()))
	return seal(b.codecs()[0], what, append(raw, hash[:]...))
}

// opened returns when a challenge was made, if it was made for that and is not too
// old. A time in the future is that of another instance's clock: it is now.
func (b *binding) opened(challenge, what string, id session.ID, hash session.SecretHash, now time.Time) (time.Time, bool) {
	raw, _, ok := b.codecs.open(what, challenge)
	const head = len(id) + 8
	if !ok || len(raw) != head+len(hash) || session.ID(raw[:len(id)]) != id || session.SecretHash(raw[head:]) != hash {
		return time.Time{}, false
	}
	at := time.UnixMilli(int64(binary.BigEndian.Uint64(raw[len(id):head]))).UTC()
	if age := now.Sub(at); age > challengeLife || age < -challengeLife {
		return time.Time{}, false
	}
	if at.After(now) {
		at = now
	}
	return at, true
}
