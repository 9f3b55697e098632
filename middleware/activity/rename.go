package activity

import (
	"errors"
	"net/http"
	"slices"

	"github.com/signedin/signedin/session"
)

// showRename asks for a name. Who they are, users are asked first, so that
// nothing is typed in vain.
func (h *Handler) showRename(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	a, err := readAct(doRename, r.URL.Query())
	if err != nil {
		return err
	}
	if !h.may(me, a) {
		q := a.query()
		h.prove(w, r, "/do?"+q)
		return nil
	}
	return h.askName(w, r, me, a, http.StatusOK, "")
}

// askName asks for a name, and says what is wrong with the one that was typed.
func (h *Handler) askName(w http.ResponseWriter, r *http.Request, me *session.Session, a act, status int, wrong string) error {
	all, err := h.manager.List(r.Context(), me.UserID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(s *session.Session) bool { return s.ID == a.id() })
	if i < 0 {
		h.done(w, r, me, a, note{Code: "gone"})
		return nil
	}
	v := h.view(r)
	v.Asks, v.List, v.Wrong = doRename, a.List, wrong
	v.Rows = []row{v.row(all[i], me)}
	v.Heading = v.say("rename heading", v.Rows[0].Label)
	if v.Typed = a.Text; a.Text == "" && wrong == "" {
		v.Typed = all[i].Name
	}
	h.render(w, r, status, "rename", v)
	return nil
}

func (h *Handler) rename(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	s, err := h.manager.Rename(r.Context(), me.UserID, a.id(), a.Text)
	if errors.Is(err, session.ErrInvalidName) {
		return h.askName(w, r, me, a, http.StatusUnprocessableEntity, "name")
	}
	if err != nil {
		return err
	}
	h.done(w, r, me, a, note{Code: "renamed", ID: s.ID})
	return nil
}
