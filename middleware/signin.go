package middleware

import (
	"net/http"
	"slices"

	"github.com/signedin/signedin/session"
)

// SignIn starts a session once the host has checked who the user is, and sends
// its cookie. With opts.Carrier session.CarrierBearer it sends no cookie and
// returns the token, which the host puts into its answer; the token of a cookie
// is not returned. What the client had by the same carrier ends: sessions whose
// token it shows, and those of which it shows a former one.
//
// A request with neither Origin nor Sec-Fetch-Site may sign in: it is a program's,
// or a browser's of before 2020, which another site may then sign in as somebody
// else. Nobody's session is lost by that.
//
// The ticket is of [session.Manager.BeginSignIn], taken before the password
// hash was read. It returns [ErrCrossOrigin] if another origin's page sent the
// request, and [session.ErrOutdated] if the sign-in was overtaken.
func (m *Middleware) SignIn(w http.ResponseWriter, r *http.Request, ticket session.Ticket, opts session.StartOptions) (*session.Session, session.Token, error) {
	if err := m.refusedAsInsecure(r); err != nil {
		return nil, session.Token{}, err
	}
	if opts.Carrier == "" {
		opts.Carrier = session.CarrierCookie
	}
	if opts.Carrier == session.CarrierCookie && m.origins.Check(r) != nil {
		return nil, session.Token{}, ErrCrossOrigin
	}
	had := m.had(r, opts.Carrier)
	if opts.Replaces == nil && len(had) > 0 {
		opts.Replaces, had = had[0], had[1:]
	}
	if opts.Carrier == session.CarrierCookie && !opts.Shared && opts.Support == "" { // nothing lasting stays on a shared computer
		opts.DeviceID = m.device.id(r)
	}
	s, token, err := m.manager.Start(r.Context(), ticket, m.Origin(r), opts)
	if err != nil {
		return s, token, err
	}
	for _, old := range had {
		if err := m.manager.Revoke(r.Context(), old.UserID, old.ID, session.ReasonReplaced); err != nil {
			m.cfg.Logger.ErrorContext(r.Context(), "middleware: a session that was replaced did not end", "session", old.ID, "error", err)
		}
	}
	if opts.Carrier != session.CarrierCookie {
		return s, token, nil
	}
	session.AfterCommit(r.Context(), func() {
		m.sendNew(w, r, token, s)
		m.device.send(w, opts.DeviceID)
	})
	return s, session.Token{}, nil
}

// sendNew sends a token under a name that no late answer writes to.
func (m *Middleware) sendNew(w http.ResponseWriter, r *http.Request, t session.Token, s *session.Session) {
	m.cfg.Former.end(w, r)
	shown, end := m.cookie.find(r), ""
	if shown.n > 0 {
		end = newEnd()
	}
	m.cookie.set(w, end, t, s, m.manager.Now())
	if !s.IsBound() { // nor has it a short cookie yet, but perhaps the session before
		m.bind.take(w, r)
	}
	m.bind.offer(w, r, t, s, m.manager.Now())
	for _, k := range shown.list() {
		c := m.cookie.credential(k.value)
		if _, dead := m.dead.get(c.Hash); dead {
			m.cookie.clear(w, k.end)
		}
	}
}

// had returns the live sessions that the client of the request has had by now,
// also those of which it shows a secret that was replaced: whoever has the new one
// may not be the user.
func (m *Middleware) had(r *http.Request, by session.Carrier) (all []*session.Session) {
	add := func(s *session.Session) {
		if s != nil && s.Carrier == by && !slices.ContainsFunc(all, func(old *session.Session) bool { return old.ID == s.ID }) {
			all = append(all, s)
		}
	}
	if s, ok := m.session(r); ok {
		add(s)
	}
	ask := func(c session.Credential) {
		if c.Hash.IsZero() {
			return
		}
		// Nothing to replace after an error.
		if standing, s, _ := m.manager.Standing(r.Context(), c); standing >= session.StandingReplaced {
			add(s)
		}
	}
	switch by {
	case session.CarrierCookie:
		shown := m.cookie.find(r)
		for _, k := range shown.list() {
			ask(m.cookie.credential(k.value))
		}
	case session.CarrierBearer:
		c, _ := m.bearer(r)
		ask(c)
	}
	return all
}

// SignOut ends the request's own session and takes its cookie away. If it
// returns an error the session may live on; the cookie is kept, so that the
// user can try again. It returns [ErrCrossOrigin] if another origin may have sent
// the request, whatever its method.
//
// After a session on a shared computer the browser is asked to forget what it has
// cached and stored of the site.
func (m *Middleware) SignOut(w http.ResponseWriter, r *http.Request) error {
	s, ok := m.session(r)
	if !ok && m.cfg.Foreign != nil {
		return nil
	}
	if !ok || s.Carrier == session.CarrierCookie {
		if err := m.ownOrigin(r); err != nil {
			return err
		}
	}
	if !ok {
		m.takeAll(w, r)
		return nil
	}
	if err := m.manager.Revoke(r.Context(), s.UserID, s.ID, session.ReasonSignedOut); err != nil {
		return err
	}
	session.AfterCommit(r.Context(), func() { m.TakeCookie(w, r, s) })
	return nil
}

// TakeCookie takes the cookie of s away, which has ended, if s has one.
func (m *Middleware) TakeCookie(w http.ResponseWriter, r *http.Request, s *session.Session) {
	if s.Carrier != session.CarrierCookie {
		return
	}
	m.takeAll(w, r)
	if s.Shared {
		w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	}
}

// takeAll takes every cookie of ours away that the request shows.
func (m *Middleware) takeAll(w http.ResponseWriter, r *http.Request) {
	m.cfg.Former.end(w, r)
	m.bind.take(w, r)
	shown := m.cookie.find(r)
	if shown.n == 0 {
		m.cookie.clear(w, "")
	}
	for _, k := range shown.list() {
		m.cookie.clear(w, k.end)
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
	session.AfterCommit(r.Context(), func() { m.sendNew(w, r, token, re.Session) })
	re.Token = session.Token{}
	return re, nil
}

// Rotate replaces the secret of the request's own session, if it has a cookie,
// and sends the new one: when the user gains a right, or wants to be sure that
// nobody has a copy. It counts as no proof of who the user is. A request that came
// before another one replaced the secret gets none ([session.Manager.Rotate]).
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
	if !token.IsZero() {
		session.AfterCommit(r.Context(), func() { m.sendNew(w, r, token, s) })
	}
	return nil
}

// RevokeOthers ends all of the user's sessions but the request's own, whose
// user has just proved who they are, and replaces that one's secret: what to
// call after a change of the password. It returns how many ended.
func (m *Middleware) RevokeOthers(w http.ResponseWriter, r *http.Request, why session.Reason) (int, error) {
	re, err := m.Reauthenticated(w, r, session.Proof{RevokeOthers: why})
	return re.Revoked, err
}
