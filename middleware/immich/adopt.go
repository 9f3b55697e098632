package immich

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/signedin/signedin/session"
)

// Attributes of our sessions.
const (
	AttrID    = "immich.id"    // the ID of the session in Immich, once it was learnt
	AttrEmail = "immich.email" // the user's, as of when the session was first seen
)

// whose is the Adopt of [middleware.Foreign].
func (p *Proxy) whose(r *http.Request, token string) (session.Adoption, error) {
	who, err := p.asker.who(r, token)
	if err != nil {
		if !errors.Is(err, session.ErrRefused) {
			p.note(r.Context(), &p.stats.unasked, "not known whose a token is", "error", err)
		}
		return session.Adoption{}, err
	}
	return session.Adoption{
		UserID: who.ID, Subject: who.OAuthID, Persistent: true, IdleTimeout: p.cfg.IdleTimeout,
		Attrs: map[string]string{AttrEmail: who.Email},
	}, nil
}

// learn asks Immich, once, under which ID it has the session: by it, another of
// the user's devices can end the session in Immich too.
func (p *Proxy) learn(g *passage) *session.Session {
	s := g.session
	if s.Attrs[AttrID] != "" || !p.asker.mayAsk(s.ID, againAfter) {
		return s
	}
	id, err := p.asker.current(g.in, g.found.token)
	if err == nil {
		var known *session.Session
		if known, err = p.manager.SetAttrs(g.in.Context(), s.UserID, s.ID, map[string]string{AttrID: id}); err == nil {
			return known
		}
	}
	if !errors.Is(err, errNobodys) && !errors.Is(err, session.ErrNotFound) { // or it has ended with this request
		p.cfg.Logger.WarnContext(g.in.Context(), "immich: the ID of a session was not learnt", "session", s.ID, "error", err)
	}
	return s
}

// learnAfter asks about a session, one that has just begun too, after the client
// has the answer: the app does not wait for long, and the session may be ended by
// another device before its next request.
func (p *Proxy) learnAfter(w http.ResponseWriter, g *passage) {
	of := g
	if g.born != nil {
		of = g.born
	}
	if of.session == nil || of.session.Attrs[AttrID] != "" {
		return
	}
	_ = http.NewResponseController(w).Flush() // if it fails, the client has gone
	p.learn(&passage{in: g.in.WithContext(context.WithoutCancel(g.in.Context())), found: of.found, session: of.session})
}

// forgetAfter is how often Immich is asked about a token that is dead here.
const forgetAfter = time.Hour

// forgotten lets go of a token that was ended here, once Immich refuses it too.
// Until then it has to be known, or it would be adopted again.
func (p *Proxy) forgotten(g *passage) {
	if !g.isDead() || g.found.token == "" {
		return
	}
	c := session.ForeignCredential(g.found.token)
	if !p.asker.mayAsk(c.ID, forgetAfter) {
		return
	}
	if _, err := p.asker.who(g.in, g.found.token); !errors.Is(err, errNobodys) {
		return
	}
	if err := p.manager.Disown(g.in.Context(), c); err != nil {
		p.cfg.Logger.WarnContext(g.in.Context(), "immich: a token that is dead was not forgotten", "error", err)
	}
}

// refusedByImmich ends our session if Immich does not know its token any more.
// It asks: a 401 may have been for something else, such as a wrong password.
func (p *Proxy) refusedByImmich(g *passage) {
	if _, err := p.asker.who(g.in, g.found.token); !errors.Is(err, errNobodys) {
		return
	}
	p.end(g.in, g.session, session.ReasonIssuer)
}

// end ends a session that Immich has ended.
func (p *Proxy) end(r *http.Request, s *session.Session, why session.Reason) {
	if err := p.manager.Revoke(r.Context(), s.UserID, s.ID, why); err != nil {
		p.cfg.Logger.ErrorContext(r.Context(), "immich: a session that Immich has ended was not ended here", "session", s.ID, "error", err)
	}
}
