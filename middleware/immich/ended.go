package immich

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// maxEnded bounds how far back Ended looks for a session that has just ended.
const maxEnded = 100

// Ended ends in Immich too what the client of r, which has a session, has ended
// here: the session of that ID, or with the zero ID all of the user's others. It
// does so as the client itself. It is what activity.Config.Ended takes.
//
// An error says that Immich may still take the session for a good one, for who
// reaches it by another way than the [Proxy].
func (p *Proxy) Ended(r *http.Request, id session.ID) error {
	token := find(r).token
	me := sessionOf(r, token)
	if me == nil {
		return middleware.ErrSignInRequired
	}
	err := p.endIn(r, me, token, id)
	if err != nil {
		p.cfg.Logger.ErrorContext(r.Context(), "immich: what was ended here was not ended there", "session", id, "error", err)
	}
	return err
}

func (p *Proxy) endIn(r *http.Request, me *session.Session, token string, id session.ID) error {
	switch id {
	case session.ID{}:
		return p.asker.ask(r, http.MethodDelete, "/api/sessions", token, nil)
	case me.ID:
		return gone(p.asker.ask(r, http.MethodPost, "/api/auth/logout", token, nil))
	}
	there, err := p.idOf(r, me.UserID, id)
	if err != nil {
		return err
	}
	return gone(p.asker.ask(r, http.MethodDelete, "/api/sessions/"+there, token, nil))
}

// gone takes for success that there is nothing to end.
func gone(err error) error {
	var status *statusError
	if errors.Is(err, errNobodys) || errors.As(err, &status) && (status.status == http.StatusBadRequest || status.status == http.StatusNotFound) {
		return nil
	}
	return err
}

// idOf returns the ID that Immich has for a session that has ended here.
func (p *Proxy) idOf(r *http.Request, userID string, id session.ID) (string, error) {
	ended, err := p.manager.History(r.Context(), userID, maxEnded)
	if err != nil {
		return "", err
	}
	for _, s := range ended {
		if s.ID == id && s.Attrs[AttrID] != "" {
			return s.Attrs[AttrID], nil
		}
	}
	return "", fmt.Errorf("immich: not known under which ID Immich has session %v", id)
}

// showable returns what may be shown of a name that a client chose.
func showable(name string) string {
	name = strings.Map(func(c rune) rune {
		if c == unicode.ReplacementChar || !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, name)
	if r := []rune(name); len(r) > 64 {
		name = string(r[:64])
	}
	return name
}
