package immich

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/signedin/signedin/session"
)

const adminUsers = "/api/admin/users/"

// maxChange bounds what is read ahead of a request that may change a password.
// Real ones have some 100 bytes.
const maxChange = 64 << 10

// mayChangePassword reports whether the request is for one of the routes that change
// a password, among other things, and end no session in Immich.
func mayChangePassword(at string) bool {
	path, ok := strings.CutPrefix(at, http.MethodPut+" ")
	if !ok {
		path, ok = strings.CutPrefix(at, http.MethodPatch+" ")
	}
	return ok && (path == "/api/users/me" || isAdminUser(path))
}

func isAdminUser(path string) bool {
	id, ok := strings.CutPrefix(path, adminUsers)
	return ok && id != "" && !strings.Contains(id, "/")
}

// changesPassword reports whether the body of r, of which it reads ahead, has a
// password. Of one that it cannot read it says so, too: to sign devices out that
// could stay is the smaller evil.
func changesPassword(r *http.Request) bool {
	head, all := readAhead(r)
	var change struct {
		Password string `json:"password"`
	}
	return !all || json.Unmarshal(head, &change) != nil || change.Password != ""
}

// passwordChanged ends the user's sessions but that of g, if it is one of theirs:
// here, and in Immich, which leaves them, by the token of g. Other tokens are signed
// out there when they come by.
func (p *Proxy) passwordChanged(g *passage, userID string) {
	r, s := g.in, g.session
	if s == nil || s.UserID != userID {
		_, err := p.manager.RevokeAll(r.Context(), userID, session.ReasonPasswordChanged)
		p.notMirrored(r.Context(), userID, err)
		if s != nil || !p.isOfKey(r, userID) {
			return
		}
		if err := p.asker.askByKey(r, http.MethodDelete, "/api/sessions", nil); err != nil {
			p.note(r.Context(), &p.stats.unended, "after a new password, sessions were not ended there", "error", err)
		}
		return
	}
	_, err := p.manager.RevokeAllExcept(r.Context(), userID, s.ID, session.ReasonPasswordChanged)
	p.notMirrored(r.Context(), userID, err)
	if err := p.asker.ask(r, http.MethodDelete, "/api/sessions", g.found.token, nil); err != nil {
		p.note(r.Context(), &p.stats.unended, "after a new password, sessions were not ended there", "error", err)
	}
}

// isOfKey reports whether the API key of r is the user's.
func (p *Proxy) isOfKey(r *http.Request, userID string) bool {
	who, err := p.asker.whoByKey(r)
	return err == nil && who.ID == userID
}

// administered mirrors what an administrator has done to a user.
func (p *Proxy) administered(g *passage, at string) {
	method, path, _ := strings.Cut(at, " ")
	ctx, id := g.in.Context(), strings.TrimPrefix(path, adminUsers)
	switch {
	case method == http.MethodDelete && isAdminUser(path):
		p.cutUser(ctx, id)
	case method == http.MethodPost && strings.HasSuffix(id, "/restore"):
		p.restored(ctx, strings.TrimSuffix(id, "/restore"))
	case g.newPassword && isAdminUser(path):
		p.passwordChanged(g, id)
	}
}

// cutUser cuts what is open of a user whom Immich does not let in any more, for as
// long as that lasts.
func (p *Proxy) cutUser(ctx context.Context, userID string) {
	all, err := p.manager.List(ctx, userID)
	p.notMirrored(ctx, userID, err)
	for _, s := range all {
		p.notAccepted(ctx, s)
	}
}

// restored has a user's sessions asked about again.
func (p *Proxy) restored(ctx context.Context, userID string) {
	all, err := p.manager.List(ctx, userID)
	p.notMirrored(ctx, userID, err)
	for _, s := range all {
		p.accepted(s.ID)
		p.asker.forgive(s.ID)
	}
}

// notMirrored logs that sessions were not ended here that should have been.
func (p *Proxy) notMirrored(ctx context.Context, userID string, err error) {
	if err != nil && !errors.Is(err, session.ErrNotFound) { // its own session may have ended meanwhile
		p.cfg.Logger.ErrorContext(ctx, "immich: sessions that Immich has ended were not ended here", "user", userID, "error", err)
	}
}
