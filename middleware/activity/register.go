package activity

import "net/http"

// Register mounts h on mux at Config.Path, with the methods that it has, so that
// patterns of the host's own with a method, such as "GET /", may stand beside it.
func (h *Handler) Register(mux *http.ServeMux) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		mux.Handle(method+" "+h.base+"/", h)
		if h.base != "" {
			mux.Handle(method+" "+h.base, h)
		}
	}
}
