package middleware

import (
	"context"
	"errors"
	"net/http"

	"github.com/signedin/signedin/session"
)

// byWhose returns f with Extractors and Adopt by Whose, if that is set.
func (f *Foreign) byWhose() *Foreign {
	if f == nil || f.Whose == nil {
		return f
	}
	g := *f
	g.Extractors = []Extractor{func(r *http.Request) (string, Place) {
		if name, userID := f.Whose(r); name != "" && userID != "" {
			return name, PlaceCookie
		}
		return "", PlaceNone
	}}
	g.Adopt = func(r *http.Request, _ string) (session.Adoption, error) {
		_, userID := f.Whose(r)
		return session.Adoption{UserID: userID}, nil
	}
	return &g
}

// Adopt says that the application has just issued a token, to the one whose it is
// by f. With SignedIn, in its sign-in handler, the device is there at once, and
// the sign-in is judged and told of as any other; without this call it is found in
// use with the next request.
//
// The token, and whose it is, default to what [Foreign].Whose tells by now. The
// session that the request had is replaced ([session.Adoption].Replaces): the
// same user's goes on under the new token, another user's ends.
func (m *Middleware) Adopt(w http.ResponseWriter, r *http.Request, token string, f session.Adoption) (*session.Session, error) {
	if token == "" && m.cfg.Foreign != nil && m.cfg.Foreign.Whose != nil {
		token, f.UserID = m.cfg.Foreign.Whose(r)
	}
	if token == "" {
		return nil, errors.New("middleware: adopt: no token")
	}
	if had, ok := m.session(r); ok && f.Replaces == nil {
		f.Replaces = had
	}
	at := PlaceHeader
	if h := r.Header; h["Sec-Fetch-Site"] != nil || h["Origin"] != nil || h["Cookie"] != nil {
		at = PlaceCookie // it is a browser
	}
	return m.adopt(w, r, session.ForeignCredential(token), at, f)
}

// adopt is Adopt for a token that is there, or will be.
func (m *Middleware) adopt(w http.ResponseWriter, r *http.Request, c session.Credential, at Place, f session.Adoption) (*session.Session, error) {
	if at == PlaceCookie && f.DeviceID == (session.DeviceID{}) { // a browser, which keeps ours too
		f.DeviceID = m.device.id(r)
		m.device.send(w, f.DeviceID)
	}
	return m.manager.Adopt(r.Context(), c, m.Origin(r), f)
}

// settling is next, and looks afterwards at what it has done to the application's
// own session, of which token was the name: if that has another name, or is another
// user's, so is ours. It does so also when the request was cut meanwhile, or the
// new name would be one that nobody knows.
func (m *Middleware) settling(s *session.Session, token string, next http.Handler) http.Handler {
	if m.cfg.Foreign.Whose == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		m.settle(r, s, token)
	})
}

func (m *Middleware) settle(r *http.Request, s *session.Session, token string) {
	name, userID := m.cfg.Foreign.Whose(r)
	if name == "" || userID == "" || name == token && userID == s.UserID {
		return // that it is nobody's by now says nothing: it may be trouble
	}
	ctx, c := context.WithoutCancel(r.Context()), session.ForeignCredential(name) // the client may have gone
	var err error
	if userID != s.UserID {
		err = m.manager.Revoke(ctx, s.UserID, s.ID, session.ReasonReplaced)
	} else if _, known, _ := m.manager.Standing(ctx, c); known == nil || known.ID != s.ID {
		_, err = m.manager.Renewed(ctx, session.ForeignCredential(token), c)
	}
	if err != nil && !errors.Is(err, session.ErrRefused) && !errors.Is(err, session.ErrNotFound) {
		m.manager.Logger().ErrorContext(ctx, "middleware: a session did not follow what its application did to its own", "session", s.ID, "error", err)
	}
}
