package middleware

import (
	"net/http"

	"github.com/signedin/signedin/session"
)

// SignIn starts a session once the host has checked who the user is, and sends
// its cookie. With opts.Carrier session.CarrierBearer it sends no cookie and
// returns the token, which the host puts into its answer; the token of a cookie
// is not returned. A session that the client had by the same carrier ends.
//
// The ticket is of [session.Manager.BeginSignIn], taken before the password
// hash was read. It returns [ErrCrossOrigin] if another origin's page sent the
// request, and [session.ErrOutdated] if the sign-in was overtaken.
func (m *Middleware) SignIn(w http.ResponseWriter, r *http.Request, ticket session.Ticket, opts session.StartOptions) (*session.Session, session.Token, error) {
	if m.cfg.InsecureCookie && !onLoopback(r) {
		return nil, session.Token{}, ErrInsecureCookie
	}
	if opts.Carrier == "" {
		opts.Carrier = session.CarrierCookie
	}
	if opts.Carrier == session.CarrierCookie && m.origins.Check(r) != nil {
		return nil, session.Token{}, ErrCrossOrigin
	}
	if opts.Replaces == nil {
		opts.Replaces = m.presented(r, opts.Carrier)
	}
	if opts.Carrier == session.CarrierCookie && !opts.Shared { // nothing lasting stays on a shared computer
		opts.DeviceID = m.device.id(r)
	}
	s, token, err := m.manager.Start(r.Context(), ticket, m.Origin(r), opts)
	if err != nil || opts.Carrier != session.CarrierCookie {
		return s, token, err
	}
	session.AfterCommit(r.Context(), func() {
		m.cookie.set(w, token, s, m.manager.Now())
		m.device.send(w, opts.DeviceID)
	})
	return s, session.Token{}, nil
}

// presented returns the live session of the request, nil if it has none.
func (m *Middleware) presented(r *http.Request, by session.Carrier) *session.Session {
	s, ok := m.session(r)
	if !ok {
		cred, carrier := m.credential(r)
		if cred.Hash.IsZero() || carrier != by {
			return nil
		}
		// Nil on any error, and nothing to replace, but for a session that is
		// suspended.
		s, _ = m.manager.Resume(r.Context(), cred, m.Origin(r))
	}
	if s == nil || s.Carrier != by {
		return nil
	}
	return s
}

// SignOut ends the request's own session and takes its cookie away. If it
// returns an error the session may live on; the cookie is kept, so that the
// user can try again.
func (m *Middleware) SignOut(w http.ResponseWriter, r *http.Request) error {
	s, ok := m.session(r)
	if !ok {
		m.cookie.clear(w)
		return nil
	}
	if err := m.manager.Revoke(r.Context(), s.UserID, s.ID, session.ReasonSignedOut); err != nil {
		return err
	}
	m.Forget(w, s)
	return nil
}

// Forget takes the cookie of s away, which has ended, if s has one.
func (m *Middleware) Forget(w http.ResponseWriter, s *session.Session) {
	if s.Carrier == session.CarrierCookie {
		m.cookie.clear(w)
	}
}

// Reauthenticated is [session.Manager.Reauthenticated] for the request's own
// session. It sends the new cookie; the new token of a bearer session, if p
// asks for one, is in the result, and the host puts it into its answer.
func (m *Middleware) Reauthenticated(w http.ResponseWriter, r *http.Request, p session.Proof) (session.Reauthentication, error) {
	s, ok := m.session(r)
	if !ok {
		return session.Reauthentication{}, ErrSignInRequired
	}
	re, err := m.manager.Reauthenticated(r.Context(), s.UserID, s.ID, p)
	if err != nil || s.Carrier != session.CarrierCookie {
		return re, err
	}
	token := re.Token
	session.AfterCommit(r.Context(), func() { m.cookie.set(w, token, re.Session, m.manager.Now()) })
	re.Token = session.Token{}
	return re, nil
}

// Rotate replaces the secret of the request's own session, if it has a cookie,
// and sends the new one: when the user gains a right, or wants to be sure that
// nobody has a copy. It counts as no proof of who the user is.
func (m *Middleware) Rotate(w http.ResponseWriter, r *http.Request) error {
	s, ok := m.session(r)
	if !ok {
		return ErrSignInRequired
	}
	if s.Carrier != session.CarrierCookie {
		return nil
	}
	s, token, err := m.manager.Rotate(r.Context(), s.UserID, s.ID)
	if err != nil {
		return err
	}
	session.AfterCommit(r.Context(), func() { m.cookie.set(w, token, s, m.manager.Now()) })
	return nil
}

// RevokeAllExcept ends all of the user's sessions but the request's own, whose
// user has just proved who they are, and replaces that one's secret: what to
// call after a change of the password. It returns how many ended.
func (m *Middleware) RevokeAllExcept(w http.ResponseWriter, r *http.Request, why session.Reason) (int, error) {
	re, err := m.Reauthenticated(w, r, session.Proof{RevokeOthers: why})
	return re.Revoked, err
}
