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
	p.accounts.learn(who.Email, who.ID, true)
	return session.Adoption{
		UserID: who.ID, Subject: who.OAuthID, Persistent: true, IdleTimeout: p.cfg.IdleTimeout,
		Attrs: map[string]string{AttrEmail: who.Email},
	}, nil
}

// forgetAfter is how often Immich is told of a token that is dead here.
const forgetAfter = time.Hour

// endsThere signs a token out in Immich, with itself, whose session was ended here:
// tokens are not kept, so that can be done when it comes by. Then it need not be
// known any more; until then it has to be, or it would be adopted again.
func (p *Proxy) endsThere(g *passage) {
	if g.found.token == "" || !errors.Is(g.refused, session.ErrRevoked) && !errors.Is(g.refused, session.ErrExpired) {
		return
	}
	c := session.ForeignCredential(g.found.token)
	key := noteKey("ended " + c.ID.String())
	if !p.asker.mayAsk(key, forgetAfter) {
		return
	}
	ctx := context.WithoutCancel(g.in.Context())
	if err := p.asker.ask(g.in.WithContext(ctx), http.MethodPost, "/api/auth/logout", g.found.token, nil); err != nil && !errors.Is(err, errNobodys) {
		p.asker.askAgain(key, forgetAfter, againAfter)
		p.note(ctx, &p.stats.unended, "a token whose session was ended here was not signed out there", "error", err)
		return
	}
	if err := p.manager.Disown(ctx, c); err != nil {
		p.cfg.Logger.WarnContext(ctx, "immich: a token that is dead was not forgotten", "error", err)
	}
}

// refusedByImmich cuts what is open on our session if Immich does not accept its
// token any more. It asks: a 401 may have been for something else, such as a wrong
// password.
func (p *Proxy) refusedByImmich(g *passage) {
	if _, err := p.asker.who(g.in, g.found.token); errors.Is(err, errNobodys) {
		p.notAccepted(g.in.Context(), g.session)
	}
}

// end ends a session that Immich has ended.
func (p *Proxy) end(r *http.Request, s *session.Session, why session.Reason) {
	if err := p.manager.Revoke(r.Context(), s.UserID, s.ID, why); err != nil {
		p.cfg.Logger.ErrorContext(r.Context(), "immich: a session that Immich has ended was not ended here", "session", s.ID, "error", err)
	}
}
