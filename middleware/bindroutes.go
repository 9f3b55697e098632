package middleware

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/signedin/signedin/middleware/internal/dbsc"
	"github.com/signedin/signedin/session"
)

const (
	headerResponse  = "Secure-Session-Response"
	headerChallenge = "Secure-Session-Challenge"
	headerID        = "Sec-Secure-Session-Id"
)

// isBinding reports whether a request is one of the browser's own, for the routes of
// BindDevices. It has no session: those judge by themselves.
func (m *Middleware) isBinding(r *http.Request) bool {
	return m.bind != nil && r.Method == http.MethodPost && (r.Header[headerResponse] != nil || r.Header[headerID] != nil)
}

// Bindings returns the two routes by which browsers bind sessions to their devices,
// to be mounted at Config.BindDevices and "/":
//
//	mux.Handle("/session/", mw.Bindings())
//
// POST …/bind binds a session to the key that has signed the challenge of a sign-in:
// 200 with the rules for the browser; 400 for a proof or challenge that is none, 401
// without the session, 409 if that is bound to another key, 503 in trouble, after each of
// which the browser has no binding.
//
// POST …/refresh renews the short cookie: 200 with it; 403 with a challenge, upon
// which the browser signs and asks again; 503 in trouble, upon which it tries later;
// 400 for what no browser sends, and for a proof of another key, and 200 with
// "continue": false if the session is over, upon which it forgets the binding.
func (m *Middleware) Bindings() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Cache-Control"] = cacheNoStore
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		route := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		switch {
		case m.bind == nil || route != "bind" && route != "refresh":
			http.NotFound(w, r)
		case r.Method != http.MethodPost:
			h.Set("Allow", http.MethodPost)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		case route == "bind":
			m.bindDevice(w, r)
		default:
			m.refreshBinding(w, r)
		}
	})
}

// stop answers without a body.
func stop(w http.ResponseWriter, status int) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	w.WriteHeader(status)
}

func (m *Middleware) bindDevice(w http.ResponseWriter, r *http.Request) {
	if m.ownOrigin(r) != nil {
		stop(w, http.StatusBadRequest)
		return
	}
	c, err := m.choose(r)
	if err != nil {
		m.noteTrouble(r, err)
		stop(w, http.StatusServiceUnavailable)
		return
	}
	if c.cred.Hash.IsZero() {
		stop(w, http.StatusUnauthorized)
		return
	}
	now := m.manager.Now()
	proof, err := dbsc.Read(r.Header[headerResponse])
	if err != nil || proof.Key == "" || !proof.IsBy(proof.Key, proof.Algorithm) {
		stop(w, http.StatusBadRequest)
		return
	}
	at, ok := m.bind.opened(proof.Challenge, toBind, c.cred.ID, c.cred.Hash, now)
	if !ok {
		stop(w, http.StatusBadRequest)
		return
	}
	standing, s, err := m.manager.Standing(r.Context(), c.cred)
	if err == nil && standing == session.StandingLive {
		s, err = m.manager.Bind(r.Context(), s.UserID, s.ID, proof.Key, proof.Algorithm)
	} else if err == nil {
		err = session.ErrNotFound
	}
	switch {
	case errors.Is(err, session.ErrNotFound):
		stop(w, http.StatusUnauthorized)
	case errors.Is(err, session.ErrBound):
		stop(w, http.StatusConflict)
	case err != nil:
		m.noteTrouble(r, err)
		stop(w, http.StatusServiceUnavailable)
	default:
		m.bind.send(w, s, at, now)
		m.bind.instruct(w, s.ID, true)
	}
}

func (m *Middleware) refreshBinding(w http.ResponseWriter, r *http.Request) {
	// The header is the browser's own: no script can send it, of whatever origin. So
	// the origin is of no interest, which is that of the request that waits; and for a link
	// from another site the session's cookie does not come along. Whoever has the key needs
	// none here: the short cookie is of no use without it.
	text, err := dbsc.Text(r.Header[headerID], len(uuid.Nil.String()))
	id, errID := uuid.Parse(text)
	if err != nil || errID != nil || id.String() != text {
		stop(w, http.StatusBadRequest)
		return
	}
	now := m.manager.Now()
	challenge := m.bind.challenge(toRefresh, id, session.SecretHash{}, now)
	if r.Header[headerResponse] == nil {
		m.bind.ask(w, id, challenge)
		return
	}
	proof, err := dbsc.Read(r.Header[headerResponse])
	if err != nil || proof.Key != "" {
		stop(w, http.StatusBadRequest)
		return
	}
	at, ok := m.bind.opened(proof.Challenge, toRefresh, id, session.SecretHash{}, now)
	if !ok {
		m.bind.ask(w, id, challenge)
		return
	}
	switch s, err := m.manager.BoundTo(r.Context(), id); {
	case errors.Is(err, session.ErrRefused):
		m.bind.instruct(w, id, false)
	case err != nil:
		m.proofFailed(w, r, id, err)
	case !proof.IsBy(s.Bound.Key, s.Bound.Algorithm):
		m.wrongProof(r, id)
		stop(w, http.StatusBadRequest)
	default:
		m.bind.send(w, s, at, now)
		m.bind.instruct(w, id, true)
	}
}

// shownFor returns what the request shows of that session.
func (m *Middleware) shownFor(r *http.Request, id session.ID) (session.Credential, bool) {
	shown := m.cookie.find(r)
	for _, k := range shown.list() {
		if c := m.cookie.credential(k.value); c.ID == id && !c.Hash.IsZero() {
			return c, true
		}
	}
	return session.Credential{}, false
}

// wrongProof notes a proof of another key, if it came with the cookie: an ID anybody
// may know.
func (m *Middleware) wrongProof(r *http.Request, id session.ID) {
	cred, ok := m.shownFor(r, id)
	if !ok {
		return
	}
	if standing, s, err := m.manager.Standing(r.Context(), cred); err == nil && standing == session.StandingLive {
		m.manager.WrongProof(r.Context(), s, m.Origin(r))
	}
}

// proofFailed answers 503, and excuses the client for it.
func (m *Middleware) proofFailed(w http.ResponseWriter, r *http.Request, id session.ID, err error) {
	m.noteTrouble(r, err)
	if _, ok := m.shownFor(r, id); ok {
		m.manager.ProofFailed(id)
	}
	stop(w, http.StatusServiceUnavailable)
}

// ask has the browser sign a challenge.
func (b *binding) ask(w http.ResponseWriter, id session.ID, challenge string) {
	w.Header().Set(headerChallenge, fmt.Sprintf(`"%s";id="%s"`, challenge, id))
	w.WriteHeader(http.StatusForbidden)
}

// instruct tells the browser what is bound, or to forget it.
func (b *binding) instruct(w http.ResponseWriter, id session.ID, goOn bool) {
	w.Header().Set("Content-Type", "application/json")
	if !goOn {
		_ = json.NewEncoder(w).Encode(map[string]any{"session_identifier": id, "continue": false})
		return
	}
	type object map[string]any
	k := b.attributes
	attributes := "Path=/; Secure; HttpOnly; SameSite=Lax"
	if k.SameSite == http.SameSiteStrictMode {
		attributes = "Path=/; Secure; HttpOnly; SameSite=Strict"
	}
	_ = json.NewEncoder(w).Encode(object{
		"session_identifier": id,
		"refresh_url":        b.path + "/refresh",
		"scope": object{"include_site": false, "scope_specification": []object{
			{"type": "exclude", "domain": "*", "path": b.path},
		}},
		"credentials": []object{{"type": "cookie", "name": k.Name, "attributes": attributes}},
		// Somebody who follows a link from another site has to come in too. Of other
		// requests from there the cookie is not a part.
		"allowed_refresh_initiators": []string{"*"},
	})
}
