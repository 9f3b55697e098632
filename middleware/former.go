package middleware

import (
	"errors"
	"net/http"

	"github.com/signedin/signedin/session"
)

// Former has the users of an application go over from the sessions that it had to
// ours, with their next visit and without a new sign-in. An old token counts as no
// proof of who the user is: what asks for a recent one sends them to prove it.
//
// Until a page is loaded the browser shows its old token, which is good for our
// session; then it gets our cookie, with an answer of our own. From the second use
// of that on, two minutes apart, who shows the old token is found out as somebody
// with a copy.
//
// It can go once nobody comes with an old token any more, which is after as long as
// they were good for.
type Former struct {
	// Extractor finds the old token in a request, in a cookie.
	Extractor Extractor
	// Adopt says whose an old token is, as [Foreign].Adopt does: from the
	// application's table of sessions, say. It is not asked twice about one that
	// has a session of ours.
	Adopt func(r *http.Request, token string) (session.Adoption, error)
	// End ends the old session: it deletes what the application has of it, and
	// takes its cookie away. It is called with the answer that brings our cookie,
	// and in SignIn and SignOut of requests that show an old token.
	End func(w http.ResponseWriter, r *http.Request)
}

// token returns the request's old token, "" if there is none.
func (f *Former) token(r *http.Request) string {
	if f == nil {
		return ""
	}
	token, at := f.Extractor(r)
	if at == PlaceNone || len(token) > maxForeign {
		return ""
	}
	return token
}

// end ends the old session, if the request shows one.
func (f *Former) end(w http.ResponseWriter, r *http.Request) {
	if f.token(r) != "" {
		f.End(w, r)
	}
}

// loadFormer is load for a request that shows none of our tokens. It reports
// false, and has done nothing, if it shows no old one either, or nobody's.
func (m *Middleware) loadFormer(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
	old := m.cfg.Former.token(r)
	if old == "" {
		return false
	}
	if h := w.Header(); h["Cache-Control"] == nil {
		h["Cache-Control"] = cachePrivate
	}
	w, r = guardShared(w, r)
	t := session.FormerToken(old)
	conn, err := m.openFormer(w, r, t, old)
	switch {
	case errors.Is(err, session.ErrUnknown):
		return false
	case err != nil:
		m.notLoaded(w, r, next, nil, err)
		return true
	}
	if m.sameOrigin(r, isUpgrade(r)) != nil {
		conn.Close()
		m.refuse(w, r, http.StatusForbidden, ErrCrossOrigin)
		return true
	}
	if mayRedirect(r) && m.redirects.allows(conn.Session().ID, m.manager.Now()) && m.sendMoved(w, r, conn, t) {
		m.again(w, r)
		conn.Close()
		return true
	}
	m.serve(conn, w, r, r.WithContext(conn), next)
	m.published(w, r)
	return true
}

// openFormer opens the session that an old token has with us, and starts it if
// there is none.
func (m *Middleware) openFormer(w http.ResponseWriter, r *http.Request, t session.Token, old string) (*session.Conn, error) {
	from := m.Origin(r)
	conn, err := m.enter(r, w, t.Credential(), from)
	if !errors.Is(err, session.ErrUnknown) {
		return conn, err
	}
	f, adoptErr := m.cfg.Former.Adopt(r, old)
	if adoptErr != nil {
		return nil, err
	}
	if f.DeviceID == (session.DeviceID{}) {
		f.DeviceID = m.device.id(r)
		m.device.send(w, f.DeviceID)
	}
	if _, err := m.manager.Move(r.Context(), old, from, f); err != nil {
		return nil, err
	}
	return m.enter(r, w, t.Credential(), from)
}

// sendMoved sends a browser that shows its old token our cookie, and reports
// whether it has.
func (m *Middleware) sendMoved(w http.ResponseWriter, r *http.Request, conn *session.Conn, t session.Token) bool {
	own, err := m.manager.RotatePeriodic(r.Context(), t)
	if err != nil || own.IsZero() { // the next request tries again
		return false
	}
	m.cfg.Former.End(w, r)
	m.cookie.set(w, "", own, conn.Session(), m.manager.Now())
	return true
}

func checkFormer(cfg Config) error {
	f := cfg.Former
	switch {
	case f == nil:
		return nil
	case cfg.Foreign != nil:
		return errors.New("middleware: Config.Former: Foreign keeps the tokens that Former has users leave")
	case f.Extractor == nil || f.Adopt == nil || f.End == nil:
		return errors.New("middleware: Config.Former: Extractor, Adopt or End is missing")
	}
	return nil
}
