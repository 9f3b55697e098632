package middleware

import (
	"errors"
	"net/http"

	"github.com/signedin/signedin/session"
)

// An ActionError is [ErrRecentAuthRequired] for one action: the user has to prove who
// they are for it, and [session.Proof].For names it.
type ActionError struct{ Action string }

// Error says what to do.
func (e *ActionError) Error() string { return ErrRecentAuthRequired.Error() }

// Unwrap returns [ErrRecentAuthRequired].
func (e *ActionError) Unwrap() error { return ErrRecentAuthRequired }

// RequireProof lets a request through only if its user has proved who they are for
// this one action, which action names: once, however many requests ask (ASVS 5.0
// 7.5.3). It is for what must not ride on an earlier proof, such as a transfer or the
// deletion of an account:
//
//	transfer := mw.RequireProof(func(r *http.Request) string { return "transfer " + r.PathValue("id") })
//	mux.Handle("POST /transfer/{id}", transfer(send))
//
// To others it answers 401 as RFC 9470 says, with an [*ActionError]; [Pages].Confirm
// gets its Action as the query parameter "for", shows the user what it is, and ends
// with Reauthenticated and Proof.For.
func (m *Middleware) RequireProof(action func(r *http.Request) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return m.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, _ := m.session(r)
			name := action(r)
			switch err := m.manager.UseProof(r.Context(), s.UserID, s.ID, name); {
			case errors.Is(err, session.ErrNotProved):
				m.challenge(w, r, `error="insufficient_user_authentication", `+
					`error_description="This needs a proof of its own", max_age="0"`, &ActionError{name})
			case errors.Is(err, session.ErrNotFound):
				m.challenge(w, r, "", ErrSignInRequired) // it has ended meanwhile
			case err != nil:
				m.refuse(w, r, http.StatusServiceUnavailable, err)
			default:
				next.ServeHTTP(w, r)
			}
		}))
	}
}
