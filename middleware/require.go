package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/signedin/signedin/session"
)

// Require lets only requests with a session through, and answers 401 to
// others. It does the work of Load where that was not done.
func (m *Middleware) Require(next http.Handler) http.Handler {
	return m.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.loaded(r) == nil {
			err := m.LoadError(r)
			if m.couldNotProve(r, err) {
				w.Header().Set("Retry-After", strconv.Itoa(int(unboundRetry/time.Second)))
				w.Header()["Cache-Control"] = cacheNoStore
				m.cfg.Refuse(w, r, http.StatusServiceUnavailable, session.ErrUnbound)
				return
			}
			m.challenge(w, r, "", signInAgain(err))
			return
		}
		if err := m.guardForeign(r); err != nil {
			m.refuse(w, r, http.StatusForbidden, err)
			return
		}
		if !m.accepts(r) {
			m.challenge(w, r, "", ErrSignInRequired)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// signInAgain is what a client is told whose credential was refused for err.
func signInAgain(err error) error {
	switch {
	case errors.Is(err, session.ErrSuspended):
		return session.ErrSuspended
	case errors.Is(err, session.ErrUnbound):
		return unboundError{}
	}
	if ended, ok := errors.AsType[*session.EndedError](err); ok {
		return signedOutError{ended}
	}
	return ErrSignInRequired
}

// RequireRecentAuth lets only requests through whose user has proved not
// longer than maxAge ago who they are; 0 means the StepUp limit of the
// Manager. To others, and in a session that is challenged, it answers 401 as RFC
// 9470 says.
func (m *Middleware) RequireRecentAuth(maxAge time.Duration) func(http.Handler) http.Handler {
	if maxAge <= 0 {
		maxAge = m.manager.Limits().StepUp
	}
	return func(next http.Handler) http.Handler {
		return m.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, _ := m.session(r)
			if !s.ProvedSince(m.manager.Now().Add(-maxAge)) {
				m.challenge(w, r, fmt.Sprintf(`error="insufficient_user_authentication", `+
					`error_description="A more recent authentication is required", max_age="%d"`,
					int(maxAge/time.Second)), ErrRecentAuthRequired)
				return
			}
			next.ServeHTTP(w, r)
		}))
	}
}

// RequireConfirmed lets only requests through whose session is believed
// ([session.Session.Believed]): it does not look suspicious, or the user has
// confirmed it since, in an older session or with a second factor. It is for
// what a stranger with a stolen password must not reach, such as a change of the
// password, on a site where users have a second factor: who signed in
// suspiciously and has neither that nor an older session cannot get through. To
// others it answers 401 as RFC 9470 says.
func (m *Middleware) RequireConfirmed(next http.Handler) http.Handler {
	return m.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, _ := m.session(r); !s.Believed() {
			m.challenge(w, r, `error="insufficient_user_authentication", `+
				`error_description="A second factor is required"`, ErrUnconfirmed)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// challenge answers 401 with a Bearer challenge (RFC 6750).
func (m *Middleware) challenge(w http.ResponseWriter, r *http.Request, params string, err error) {
	if params == "" && m.showsBearer(r) {
		params = `error="invalid_token"`
	}
	value := "Bearer"
	if params != "" {
		value += " " + params
	}
	w.Header().Set("WWW-Authenticate", value)
	m.refuse(w, r, http.StatusUnauthorized, err)
}

// showsBearer reports whether a client believes that it has a bearer token.
func (m *Middleware) showsBearer(r *http.Request) bool {
	_, present := bearer(r.Header["Authorization"])
	_, carrier := m.bearer(r)
	return present && !m.cfg.NoBearer || carrier == session.CarrierBearer
}
