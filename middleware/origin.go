package middleware

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/signedin/signedin/session"
)

// sameOrigin refuses a request that a cookie authenticates and that another
// origin may have sent. It builds on net/http, and closes two gaps there: a
// request with neither header, which net/http takes for one of a program, and
// a WebSocket handshake, which is a GET.
func (m *Middleware) sameOrigin(r *http.Request, upgrade bool) error {
	socket := upgrade && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
	if !socket && !isUnsafe(r.Method) {
		return nil
	}
	return m.ownOrigin(r)
}

// ownOrigin refuses a request that another origin may have sent, whatever its
// method.
func (m *Middleware) ownOrigin(r *http.Request) error {
	if r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
		return ErrCrossOrigin
	}
	if !isUnsafe(r.Method) {
		post := *r
		post.Method = http.MethodPost // so that net/http looks at it
		r = &post
	}
	if m.origins.Check(r) != nil {
		return ErrCrossOrigin
	}
	return nil
}

// FormToken returns a value for a hidden field of a form that s is shown. It
// is bound to the secret of s, so it is of no use in another session, nor once
// that secret is dead (NIST SP 800-63B-4 5.1: the content of a POST holds a
// session identifier that is verified).
func FormToken(s *session.Session) string {
	return formToken(s.ID, s.Secrets.Current)
}

// ValidFormToken reports whether token is a [FormToken] of s.
func ValidFormToken(s *session.Session, token string) bool {
	for _, secret := range []session.SecretHash{s.Secrets.Current, s.Secrets.Previous} {
		if !secret.IsZero() && hmac.Equal([]byte(token), []byte(formToken(s.ID, secret))) {
			return true
		}
	}
	return false
}

// OutdatedFormToken reports whether token says that it is a [FormToken] of s and is
// none any more, as in a page that stood open over a rotation. Do nothing then but
// ask the user again, by the form anew: anybody can make such a token.
func OutdatedFormToken(s *session.Session, token string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	return err == nil && len(raw) == formTokenLen && session.ID(raw[:len(s.ID)]) == s.ID && !ValidFormToken(s, token)
}

// MadeForm reports whether token is a [FormToken] of the session whose cookie r
// brings, even if that session is over: the form is of a page that this browser
// was shown, so what it asks for is its user's wish, who may have to sign in
// again first.
func (m *Middleware) MadeForm(r *http.Request, token string) bool {
	if _, carrier := m.bearer(r); carrier != "" {
		return false
	}
	shown := m.cookie.find(r)
	return slices.ContainsFunc(shown.list(), func(k shownCookie) bool {
		c := m.cookie.credential(k.value)
		return !k.twice && !c.Hash.IsZero() && hmac.Equal([]byte(token), []byte(formToken(c.ID, c.Hash)))
	})
}

const formTokenLen = len(session.ID{}) + sha256.Size

func formToken(id session.ID, secret session.SecretHash) string {
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte("signedin form"))
	mac.Write(id[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(id[:]))
}
