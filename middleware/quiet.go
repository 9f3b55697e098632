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

// request is one of a session, and what its handler gets.
type request struct {
	conn session.Conn
	r    http.Request
}

// loadQuiet is load for a request with that only cookie of ours, if it is quiet. It
// reports false, and has done nothing, if it is not.
func (m *Middleware) loadQuiet(w http.ResponseWriter, r *http.Request, value, short string, next http.Handler) bool {
	key, ok := hashOf(value)
	if !ok || r.ProtoMajor > 1 && !hasDeadlines(w) { // see guardShared
		return false
	}
	k := m.cookie.quiet.get(&key)
	if k == nil || m.sameOrigin(r, isUpgrade(r)) != nil {
		return false
	}
	var from session.Origin
	m.findOrigin(&from, r)
	q, door := new(request), m.alone
	if r.ProtoMajor > 1 {
		door = m.shared
	}
	latest, err := m.manager.OpenKnown(r.Context(), k, m.bind.proof(k, short), &from, func() bool { return m.isBackground(r) }, &q.conn, door, server(w))
	if err != nil {
		m.refuse(w, r, http.StatusServiceUnavailable, err)
		return true
	}
	if latest == nil {
		return false
	}
	if latest != k {
		m.cookie.quiet.replace(k, latest)
	}
	keepPrivate(w.Header(), k.Shared())
	q.r = *r.WithContext(&q.conn)
	m.serve(&q.conn, w, r, &q.r, next)
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
	from := m.Origin(r)
	if k := m.manager.Settle(c.cred, conn, &from); k != nil {
		k.Key = key
		m.cookie.quiet.put(k)
	}
}

// only returns the value of the only cookie of ours that r shows, and how many it
// shows, and the short cookie beside it.
func (c *cookie) only(r *http.Request) (value, short string, n int) {
	name := c.attributes.Name
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var part string
			if part, line = cutCookie(line); len(part) <= len(name) || part[:len(name)] != name {
				continue
			}
			if v, ok := cutEnd(part[len(name):]); ok {
				value = v
				n++
			} else if v, ok := strings.CutPrefix(part[len(name):], boundSuffix+"="); ok {
				short = v
			}
		}
	}
	return value, short, n
}

// cutEnd returns the value from what stands behind our name, if that is an end of it.
func cutEnd(s string) (value string, ok bool) {
	at := 0
	if s[0] == '.' {
		at = endLen
	}
	if len(s) <= at || s[at] != '=' || !isEnd(s[:at]) {
		return "", false
	}
	return s[at+1:], true
}

// cutCookie returns the first of the cookies in a line, and the others.
func cutCookie(line string) (first, others string) {
	if first = line; len(line) > 0 {
		if i := strings.IndexByte(line, ';'); i >= 0 {
			first, others = line[:i], line[i+1:]
		}
	}
	for first != "" && (first[0] == ' ' || first[0] == '\t') {
		first = first[1:]
	}
	for first != "" && (first[len(first)-1] == ' ' || first[len(first)-1] == '\t') {
		first = first[:len(first)-1]
	}
	return first, others
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
		var err error
		if s, err = m.fromKnown(r); err != nil {
			return nil, err
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
			cred.Proof = m.keyProof(r, cred.ID)
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

// fromKnown returns the session of a quiet request, nil if it is none.
func (m *Middleware) fromKnown(r *http.Request) (*session.Session, error) {
	value, short, n := m.cookie.only(r)
	key, ok := hashOf(value)
	if n != 1 || !ok {
		return nil, nil
	}
	k := m.cookie.quiet.get(&key)
	if k == nil {
		return nil, nil
	}
	var from session.Origin
	m.findOrigin(&from, r)
	s, latest, err := m.manager.ResumeKnown(r.Context(), k, m.bind.proof(k, short), &from, func() bool { return m.isBackground(r) })
	if latest != nil && latest != k {
		m.cookie.quiet.replace(k, latest)
	}
	return s, err
}

// keepPrivate has no cache keep the answer to a session for others, unless somebody has said
// already how it is kept. Vary is set.
func keepPrivate(h http.Header, shared bool) {
	private := cachePrivate
	if shared { // nothing of it stays in the browser
		private = cacheNoStore
	}
	if len(h) == 1 || h["Cache-Control"] == nil || isPrivate(h) {
		h["Cache-Control"] = private
	}
}
