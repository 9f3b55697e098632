package middleware

import (
	"errors"
	"net/http"
	"time"

	"github.com/signedin/signedin/session"
)

// A request of a bound session without a proof has no session (ErrUnbound), and its
// cookie stays. What it is answered:
//
//   - If it brings a short cookie that does not do, which a browser would have renewed
//     if it had known: 307 to the same place, without that cookie. The browser renews
//     it before it goes there, with the same method and body. Once the cookie is gone
//     that does not happen again.
//   - Otherwise what a route without need of a session answers, and Require 401 with
//     ErrUnbound, code "session-unbound", whatever it is for; a page leads to the
//     sign-in, where a user whose key is lost goes on.
//   - If the browser says that it could not renew it (Secure-Session-Skipped), Require
//     answers 503 and Retry-After, so that a page leads nobody to a sign-in that will not be
//     needed in a moment.

// unboundError is [ErrSignInRequired] for a session that goes on elsewhere.
type unboundError struct{}

func (unboundError) Error() string   { return session.ErrUnbound.Error() }
func (unboundError) Unwrap() []error { return []error{session.ErrUnbound, ErrSignInRequired} }

// renewProof has the browser renew its short cookie and ask again. It reports whether
// it has answered.
func (m *Middleware) renewProof(w http.ResponseWriter, r *http.Request, err error) bool {
	if !errors.Is(err, session.ErrUnbound) || isUpgrade(r) || !m.bind.take(w, r) {
		return false
	}
	w.Header().Set("Location", samePlace(r))
	w.WriteHeader(http.StatusTemporaryRedirect)
	return true
}

// unboundRetry is when a browser is to try again that could not renew its proof.
const unboundRetry = 5 * time.Second

// couldNotProve reports whether a request was refused whose browser says that it
// could not renew its proof.
func (m *Middleware) couldNotProve(r *http.Request, err error) bool {
	return errors.Is(err, session.ErrUnbound) && r.Header["Secure-Session-Skipped"] != nil
}
