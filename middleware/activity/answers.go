package activity

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/signedin/signedin/session"
)

// wasMe takes "This was me" about a session.
func (h *Handler) wasMe(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	if !h.recent(me) {
		h.confirm(w, r, "/?notice=confirmed")
		return nil
	}
	id := parseID(r.PostForm.Get("id"))
	news, err := h.isNews(r, me, id)
	if err != nil {
		return err
	}
	if news {
		h.done(w, r, "look-again")
		return nil
	}
	if _, err := h.manager.Confirm(r.Context(), me.UserID, id, me.ID); err != nil {
		return err
	}
	h.done(w, r, "was-me")
	return nil
}

// isNews reports whether something about a session looks unusual that the form
// did not show: nobody has said that this was them.
func (h *Handler) isNews(r *http.Request, me *session.Session, id session.ID) (bool, error) {
	shown, err := strconv.ParseInt(r.PostForm.Get("shown"), 10, 64)
	if err != nil { // not our form, which has it
		return false, nil
	}
	live, err := h.manager.List(r.Context(), me.UserID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(live, func(s *session.Session) bool {
		return s.ID == id && latest(s).UnixMilli() > shown
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

// notMe takes "Not me" about a session, and leads on to a new password.
func (h *Handler) notMe(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	if !h.recent(me) {
		h.confirm(w, r, "/?notice=confirmed")
		return nil
	}
	id := parseID(r.PostForm.Get("id"))
	if err := h.manager.Deny(r.Context(), me.UserID, id, me.ID); err != nil {
		return err
	}
	h.reviewed(r, me)
	notice := "not-me"
	if h.ended(r, id) != nil {
		notice = "not-me-elsewhere"
	}
	h.done(w, r, notice)
	return nil
}

// forget forgets from which browsers the user has signed in before.
func (h *Handler) forget(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	if !h.recent(me) {
		h.confirm(w, r, "/?notice=confirmed")
		return nil
	}
	if err := h.forgetDevices(r, me); err != nil {
		return err
	}
	h.done(w, r, "forgotten")
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
	return encodeOne(s, me, h.manager.Now()), nil
}

func (h *Handler) apiDeny(_ http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	id := parseID(r.PathValue("id"))
	if err := h.manager.Deny(r.Context(), me.UserID, id, me.ID); err != nil {
		return nil, err
	}
	h.reviewed(r, me)
	return struct {
		PasswordURL string `json:"passwordUrl"`
	}{h.cfg.PasswordURL}, h.ended(r, id)
}

func (h *Handler) apiForget(_ http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	return nil, h.forgetDevices(r, me)
}
