package activity

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/signedin/signedin/session"
)

// wasMe takes "This was me" about a session.
func (h *Handler) wasMe(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	news, err := h.isNews(r, me, a)
	if err != nil {
		return err
	}
	if news {
		h.done(w, r, me, a, note{Code: "look-again", ID: a.id()})
		return nil
	}
	if _, err := h.manager.Confirm(r.Context(), me.UserID, a.id(), me.ID); err != nil {
		return err
	}
	h.done(w, r, me, a, note{Code: "was-me", ID: a.id()})
	return nil
}

// isNews reports whether something about a session looks unusual that the form
// did not show: nobody has said that this was them.
func (h *Handler) isNews(r *http.Request, me *session.Session, a act) (bool, error) {
	shown, err := strconv.ParseInt(a.Text, 10, 64)
	if err != nil { // not our form, which has it
		return false, nil
	}
	live, err := h.manager.List(r.Context(), me.UserID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(live, func(s *session.Session) bool {
		return s.ID == a.id() && latest(s).UnixMilli() > shown
	}), nil
}

// latest returns when s last looked unusual.
func latest(s *session.Session) time.Time {
	at := s.First.At
	for _, g := range s.OpenSignals() {
		if g.At.After(at) {
			at = g.At
		}
	}
	return at
}

// notMe takes "Not me" about a session, and leads on to a new password, as the
// mails say.
func (h *Handler) notMe(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	if err := h.deny(w, r, me, a.id()); err != nil {
		return err
	}
	n := note{Code: "not-me", ID: a.id()}
	if h.ended(r, a.id()) != nil {
		n.Code = "not-me-elsewhere"
	}
	if a.id() == me.ID {
		h.tell(w, r, http.StatusOK, "not me here", h.cfg.PasswordURL)
		return nil
	}
	h.reviewed(r, me)
	if h.cfg.PasswordURL == "" || n.Code != "not-me" {
		h.done(w, r, me, a, n)
		return nil
	}
	h.send(w, r, me, n)
	http.Redirect(w, r, withQuery(h.cfg.PasswordURL, "after", doNotMe), http.StatusSeeOther)
	return nil
}

// deny ends a session as not the user's. The one that asks can be denied as well,
// by its user who has just proved who they are: then somebody else has a copy of
// its cookie.
func (h *Handler) deny(w http.ResponseWriter, r *http.Request, me *session.Session, id session.ID) error {
	if id != me.ID {
		return h.manager.Deny(r.Context(), me.UserID, id, me.ID)
	}
	if !me.MayJudge(me) {
		return session.ErrNotOlder
	}
	if err := h.manager.Deny(r.Context(), me.UserID, id, session.ID{}); err != nil {
		return err
	}
	h.mw.TakeCookie(w, r, me)
	return nil
}

func withQuery(path, key, value string) string {
	u, _ := url.Parse(path) // checked by New
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// forget forgets from which browsers the user has signed in before.
func (h *Handler) forget(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	if err := h.forgetDevices(r, me); err != nil {
		return err
	}
	h.done(w, r, me, a, note{Code: "forgotten"})
	return nil
}

// forgetDevices is not for a session in question, which could hide by it.
func (h *Handler) forgetDevices(r *http.Request, me *session.Session) error {
	if !me.Believed() {
		return session.ErrNotOlder
	}
	return h.manager.ForgetDevices(r.Context(), me.UserID)
}

func (h *Handler) apiConfirm(_ http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	s, err := h.manager.Confirm(r.Context(), me.UserID, parseID(r.PathValue("id")), me.ID)
	if err != nil {
		return nil, err
	}
	return h.words(r).encode(s, me), nil
}

func (h *Handler) apiDeny(w http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	id := parseID(r.PathValue("id"))
	if err := h.deny(w, r, me, id); err != nil {
		return nil, err
	}
	if id != me.ID {
		h.reviewed(r, me)
	}
	return struct {
		PasswordURL string `json:"passwordUrl"`
	}{h.cfg.PasswordURL}, h.ended(r, id)
}

func (h *Handler) apiForget(_ http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	return nil, h.forgetDevices(r, me)
}
