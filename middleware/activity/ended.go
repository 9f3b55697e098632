package activity

import (
	"net/http"

	"github.com/signedin/signedin/session"
)

// errElsewhere comes with 502: the session has ended here, and another system
// may not know.
var errElsewhere = problemError{"ended-here-only", "ended here, and not told to the system behind"}

// ended tells Config.Ended.
func (h *Handler) ended(r *http.Request, id session.ID) error {
	if h.cfg.Ended == nil {
		return nil
	}
	if err := h.cfg.Ended(r, id); err != nil {
		h.cfg.Logger.ErrorContext(r.Context(), "activity: Config.Ended", "session", id, "error", err)
		return errElsewhere
	}
	return nil
}

// elsewhere is ended for the page: it returns the notice to show, which is ok if
// all went well.
func (h *Handler) elsewhere(r *http.Request, id session.ID, ok string) string {
	if h.ended(r, id) != nil {
		return "elsewhere"
	}
	return ok
}
