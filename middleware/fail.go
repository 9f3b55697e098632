package middleware

import (
	"errors"
	"net/http"

	"github.com/signedin/signedin/session"
)

// Fail answers a request whose handler got err from a Manager or a Middleware, in the
// way of Config.Refuse and with the status that fits:
//
//   - 401 if the request needs a session, a proof or a confirmation, as Require and its
//     like say it ([ErrSignInRequired] and the others, [session.ErrNotProved])
//   - 403 to [ErrCrossOrigin], to a user who is disabled ([session.ErrDisabled]), and
//     to [session.ErrNotOlder]
//   - 409 to [session.ErrOutdated]: the password was changed during the sign-in
//   - 404 to [session.ErrNotFound], 400 to [session.ErrInvalidName]
//   - 500 to [ErrInsecureCookie]
//   - 503 to everything else, since that is trouble of the store's: whether somebody is
//     signed in is not known, and the next try may tell. [Stats].Unavailable counts it.
//
// A wrong password is the host's own, and its 401 too.
func (m *Middleware) Fail(w http.ResponseWriter, r *http.Request, err error) {
	m.refuse(w, r, statusOf(err), err)
}

func statusOf(err error) int {
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status
		}
	}
	return http.StatusServiceUnavailable
}

var statuses = []struct {
	err    error
	status int
}{
	{ErrSignInRequired, http.StatusUnauthorized},
	{ErrRecentAuthRequired, http.StatusUnauthorized},
	{ErrUnconfirmed, http.StatusUnauthorized},
	{session.ErrNotProved, http.StatusUnauthorized},
	{session.ErrDisabled, http.StatusForbidden}, // is ErrRefused, too
	{session.ErrRefused, http.StatusUnauthorized},
	{ErrCrossOrigin, http.StatusForbidden},
	{session.ErrNotOlder, http.StatusForbidden},
	{session.ErrOutdated, http.StatusConflict},
	{session.ErrNotFound, http.StatusNotFound},
	{session.ErrInvalidName, http.StatusBadRequest},
	{ErrInsecureCookie, http.StatusInternalServerError},
}
