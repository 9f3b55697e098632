package middleware

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"

	"github.com/signedin/signedin/session"
)

// Most requests are quiet: they show one cookie, which was shown before from the
// same place, and there is nothing to do but to let them in. Those take one
// look-up, by the hash of the cookie's value.

// loadQuiet is load for a quiet request. It reports false, and has done nothing,
// if this is none.
func (m *Middleware) loadQuiet(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
	if r.ProtoMajor > 1 && !hasDeadlines(w) {
		return false // see guardShared
	}
	k := m.cookie.known(r)
	if k == nil || m.sameOrigin(r, isUpgrade(r)) != nil {
		return false
	}
	door := m.alone
	if r.ProtoMajor > 1 {
		door = m.shared
	}
	conn, err := m.manager.OpenKnown(r.Context(), k, session.KeyProof{}, m.Origin(r), door, server(w))
	if err != nil {
		m.refuse(w, r, http.StatusServiceUnavailable, err)
		return true
	}
	if conn == nil {
		return false
	}
	h := w.Header()
	if h["Cache-Control"] == nil {
		h["Cache-Control"] = cachePrivate
	}
	if conn.Session().Shared && isPrivate(h) {
		h["Cache-Control"] = cacheNoStore // nothing of it stays in the browser
	}
	m.serve(conn, w, r, next)
	m.published(w, r)
	return true
}

// remember has the next request with the only cookie of r be a quiet one.
func (m *Middleware) remember(r *http.Request, c *choice, conn *session.Conn) {
	if c.n != 1 || c.outdated {
		return
	}
	key, ok := hashOf(c.all[0].value)
	if !ok {
		return
	}
	k, ok := m.cookie.quiet.get(key)
	if !ok {
		k = &session.Known{Credential: c.cred}
	}
	if m.manager.Settle(k, conn, m.Origin(r)) && !ok {
		m.cookie.quiet.put(key, k)
	}
}

// known returns what is known by the only cookie of ours that r shows, nil if
// nothing is.
func (c *cookie) known(r *http.Request) *session.Known {
	value, name := "", c.attributes.Name
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var part string
			part, line, _ = strings.Cut(line, ";")
			part = strings.Trim(part, " \t")
			if len(part) <= len(name) || part[:len(name)] != name {
				continue
			}
			end, v, ok := strings.Cut(part[len(name):], "=")
			if !ok || !isEnd(end) {
				continue
			}
			if value != "" || v == "" {
				return nil
			}
			value = v
		}
	}
	key, ok := hashOf(value)
	if !ok {
		return nil
	}
	k, _ := c.quiet.get(key)
	return k
}

// hashOf returns the hash of a value of the cookie: what is kept of it would sign
// nobody in.
func hashOf(value string) (key [sha256.Size]byte, ok bool) {
	if value == "" || len(value) > maxCredential {
		return key, false
	}
	var buf [maxCredential]byte // on the stack, as []byte(value) is not
	return sha256.Sum256(buf[:copy(buf[:], value)]), true
}

// FromRequest returns the session of a request, for a host that wants nothing else
// of it: no context, nothing that ends what is open when the session does, no new
// secret. It is ErrSignInRequired if there is none, ErrCrossOrigin if another
// origin sent the request, and any other error is trouble.
func (m *Middleware) FromRequest(r *http.Request) (*session.Session, error) {
	if s, ok := m.session(r); ok {
		return s, nil
	}
	if m.cfg.Foreign != nil {
		return nil, ErrSignInRequired
	}
	cred, carrier := m.bearer(r)
	var s *session.Session
	if carrier == "" {
		if k := m.cookie.known(r); k != nil {
			var err error
			if s, err = m.manager.ResumeKnown(r.Context(), k, session.KeyProof{}, m.Origin(r)); err != nil {
				return nil, err
			}
		}
		carrier = session.CarrierCookie
	}
	if s == nil {
		if carrier == session.CarrierCookie {
			c, err := m.choose(r)
			if err != nil {
				return nil, err
			}
			cred = c.cred
		}
		if cred.Hash.IsZero() {
			return nil, ErrSignInRequired
		}
		var err error
		if s, err = m.manager.Resume(r.Context(), cred, m.Origin(r)); err != nil {
			m.noteRefused(r, carrier, err)
			if errors.Is(err, session.ErrRefused) {
				err = ErrSignInRequired
			}
			return nil, err
		}
	}
	if s.Carrier != carrier {
		return nil, ErrSignInRequired
	}
	if carrier == session.CarrierCookie {
		if err := m.sameOrigin(r, isUpgrade(r)); err != nil {
			return nil, err
		}
	}
	return s, nil
}
