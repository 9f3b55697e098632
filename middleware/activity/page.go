package activity

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// maxEnded is how many sessions that are over the page shows. The API has more.
const maxEnded = 20

var (
	//go:embed page.html list.html icons.html
	pages     embed.FS
	templates = template.Must(template.ParseFS(pages, "page.html", "list.html", "icons.html"))

	//go:embed style.css
	styleSource string
	style       = template.CSS(strings.NewReplacer(": ", ":", " {", "{", "{ ", "{", "; ", ";", ";\n", ";", ", ", ",", " }", "}", "}\n", "}", "{\n", "{").Replace(compact(styleSource)))

	//go:embed script.js
	scriptSource string
	script       = []byte(compact(scriptSource))
	scriptID     = fmt.Sprintf("%.4x", sha256.Sum256(script))
)

// compact takes the indentation and the whole-line comments from a style or a
// script, which every page carries.
func compact(source string) string {
	var b strings.Builder
	for line := range strings.Lines(source) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// serveScript serves the script, which is the same for everybody.
func serveScript(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write(script) // the client has gone
}

type pageFunc func(http.ResponseWriter, *http.Request, *session.Session) error

// page answers with what f writes, or with a page about its error.
func (h *Handler) page(f pageFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r, own(r)); err != nil {
			h.failed(w, r, err)
		}
	})
}

func (h *Handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	h.trouble(w, r, status, err)
	name := "form"
	switch {
	case status == http.StatusServiceUnavailable:
		name = "trouble"
	case errors.Is(err, errCursor):
		name = "no page"
	}
	h.tell(w, r, status, name, "")
}

// tell answers with a page that says one thing, and may lead on to a link.
func (h *Handler) tell(w http.ResponseWriter, r *http.Request, status int, name, link string) {
	v := h.view(r)
	v.Heading, v.Text, v.Link = v.say(name+".heading"), v.say(name+".text"), link
	h.render(w, r, status, "message", v)
}

// problem answers a person with a page, and a program with
// [middleware.Problem].
func (h *Handler) problem(w http.ResponseWriter, r *http.Request, status int, err error) {
	if !middleware.WantsPage(r) || strings.HasPrefix(r.URL.Path, h.base+"/api/") {
		middleware.Problem(w, r, status, err)
		return
	}
	name := "no page"
	if status == http.StatusMethodNotAllowed {
		name = "form only"
	}
	h.tell(w, r, status, name, "")
}

// list shows the devices.
func (h *Handler) list(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	v, err := h.devices(w, r, me)
	if err == nil {
		h.render(w, r, http.StatusOK, "devices", v)
	}
	return err
}

// devices returns the list, with what was done before it is shown.
func (h *Handler) devices(w http.ResponseWriter, r *http.Request, me *session.Session) (*view, error) {
	l, err := h.listing(r, me)
	if err != nil {
		return nil, err
	}
	ended, err := h.past(r, me, maxEnded)
	if err != nil {
		return nil, err
	}
	v := h.view(r)
	v.Script = scriptID
	v.Review, v.Forget = h.card(v.words, r, me), h.manager.KeepsProfiles() && me.Believed()
	v.doubt(h, me)
	if h.cfg.Remarks != nil && me.Believed() {
		v.Remarks = h.cfg.Remarks(r)
	}
	for _, s := range ended {
		v.Ended = append(v.Ended, v.row(s, me))
	}
	v.fill(l)
	if r.Header.Get("Signedin-Background") != "" {
		return v, nil // the script: somebody else is waiting for what is noted
	}
	n, ok := h.open(r, me)
	h.mw.TakeNote(w, r)
	if ok && n.Act == nil && n.Code != "" {
		v.notice(n, l, ended)
	}
	return v, nil
}

// doubt fills in what me has to do before it is told what looks unusual.
func (v *view) doubt(h *Handler, me *session.Session) {
	v.Doubt = doubtOf(me)
	switch v.Doubt {
	case doubtMoved:
		v.DoubtText = v.say("doubt.moved.text")
	case doubtSignIn:
		v.DoubtText = v.say("doubt.sign-in.text")
		if v.Recover = h.cfg.RecoveryURL; v.Recover == "" {
			v.DoubtText += " " + v.say("doubt.recover")
		}
	default:
		return
	}
	v.Confirm = h.reauthenticate("/")
	if v.Confirm == "" && v.Doubt == doubtMoved {
		v.DoubtText = v.say("stale.doubt")
	}
}

// askOthers asks whether to sign out all other devices. Who they are, users are
// asked first, so that the answer is the last step.
func (h *Handler) askOthers(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	if !h.recent(me) {
		h.prove(w, r, "/sign-out-others")
		return nil
	}
	l, err := h.listing(r, me)
	if err != nil {
		return err
	}
	v := h.view(r)
	v.Others, v.Asks, v.Danger = l.total, doOthers, true
	for _, s := range append(l.flagged, l.rest...) {
		v.Rows = append(v.Rows, v.row(s, me))
	}
	v.More = l.total > len(v.Rows)
	v.Heading, v.Yes = v.say("others heading"), v.say("others button")
	h.render(w, r, http.StatusOK, "others", v)
	return nil
}

func (h *Handler) signOutOthers(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	if _, err := h.endOthers(r, me); err != nil {
		return err
	}
	h.reviewed(r, me)
	h.done(w, r, me, a, note{Code: h.elsewhere(r, session.ID{}, "signed-out-others")})
	return nil
}

func (h *Handler) signOut(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	id := a.id()
	if id == me.ID {
		if err := h.mw.SignOut(w, r); err != nil {
			return err
		}
		if h.ended(r, id) != nil {
			h.tell(w, r, http.StatusBadGateway, "elsewhere", "")
			return nil
		}
		http.Redirect(w, r, h.cfg.SignedOut, http.StatusSeeOther)
		return nil
	}
	if err := h.manager.Revoke(r.Context(), me.UserID, id, session.ReasonSignedOutRemote); err != nil {
		return err
	}
	h.reviewed(r, me)
	h.done(w, r, me, a, note{Code: h.elsewhere(r, id, "signed-out"), ID: id})
	return nil
}

// signOutSeveral ends those that were selected, in one step; never this one,
// which has no box.
func (h *Handler) signOutSeveral(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	var ids []session.ID
	for _, id := range a.IDs {
		if id != me.ID {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		h.done(w, r, me, a, note{Code: "none selected"})
		return nil
	}
	n, err := h.manager.RevokeEach(r.Context(), me.UserID, ids, session.ReasonSignedOutRemote)
	if err != nil {
		return err
	}
	h.reviewed(r, me)
	code := "signed-out-several"
	for _, id := range ids {
		code = h.elsewhere(r, id, code)
	}
	said := note{Code: code, Count: n}
	if len(ids) == 1 && n == 1 && code == "signed-out-several" {
		said = note{Code: "signed-out", ID: ids[0]}
	}
	h.done(w, r, me, a, said)
	return nil
}

// render answers with a page. It is made whole before the first byte is sent.
func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, name string, v *view) {
	page, err := h.made(name, v)
	if err != nil {
		h.cfg.Logger.ErrorContext(r.Context(), "activity: page not made", "page", name, "error", err)
		middleware.Problem(w, r, http.StatusInternalServerError, nil)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", h.policy(v))
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the client has gone
}
