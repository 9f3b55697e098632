package activity

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strconv"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// maxEnded is how many sessions that are over the page shows. The API has more.
const maxEnded = 20

var (
	//go:embed page.html icons.html
	pages     embed.FS
	templates = template.Must(template.ParseFS(pages, "page.html", "icons.html"))

	//go:embed style.css
	style template.CSS

	errForm = errors.New("activity: form not made for this session")
)

type pageFunc func(http.ResponseWriter, *http.Request, *session.Session) error

// page answers with what f writes, or with a page about its error.
func (h *Handler) page(f pageFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := f(w, r, own(r))
		switch {
		case err == nil:
		case errors.Is(err, session.ErrNotFound):
			h.done(w, r, "gone")
		case errors.Is(err, session.ErrInvalidName):
			h.done(w, r, "name")
		case errors.Is(err, session.ErrNotOlder):
			h.done(w, r, "not-older")
		default:
			h.failed(w, r, err)
		}
	})
}

// form is page for a form, which must have been made for this session.
func (h *Handler) form(f pageFunc) http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request, me *session.Session) error {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		err := r.ParseForm()
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		if err != nil || !middleware.ValidFormToken(me, r.PostForm.Get("form")) {
			return errForm
		}
		return f(w, r, me)
	})
}

// done goes back to the list, which then shows a notice.
func (h *Handler) done(w http.ResponseWriter, r *http.Request, notice string) {
	http.Redirect(w, r, h.base+"/?notice="+notice, http.StatusSeeOther)
}

func (h *Handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	h.trouble(w, r, status, err)
	name := "form"
	if status == http.StatusServiceUnavailable {
		name = "trouble"
	}
	h.tell(w, r, status, name, "")
}

// tell answers with a page that says one thing, and may lead on to a link.
func (h *Handler) tell(w http.ResponseWriter, r *http.Request, status int, name, link string) {
	v := h.view(r)
	v.Heading, v.Text, v.Link = v.say(name+".heading"), v.say(name+".text"), link
	h.render(w, r, status, "message", v)
}

// recent reports whether the user proved lately enough who they are to change
// another of their sessions.
func (h *Handler) recent(me *session.Session) bool {
	return me.ProvedSince(h.manager.Now().Add(-h.manager.Limits().StepUp))
}

// confirm has the user prove who they are, and come back to next.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request, next string) {
	there := h.reauthenticate(next)
	if there != "" && r.Method != http.MethodPost {
		http.Redirect(w, r, there, http.StatusSeeOther)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_user_authentication", max_age="`+
		strconv.Itoa(int(h.manager.Limits().StepUp.Seconds()))+`"`) // RFC 9470
	if there == "" {
		h.tell(w, r, http.StatusUnauthorized, "stale", "")
		return
	}
	// A link, since the host may lead on to its identity provider, and our
	// policy keeps a form from being redirected to another origin.
	h.tell(w, r, http.StatusUnauthorized, "confirm", there)
}

// reauthenticate returns the host's page that comes back to next, if there is
// one.
func (h *Handler) reauthenticate(next string) string {
	if h.cfg.Reauthenticate == "" {
		return ""
	}
	u, _ := url.Parse(h.cfg.Reauthenticate) // checked by New
	q := u.Query()
	q.Set("next", h.base+next)
	u.RawQuery = q.Encode()
	return u.String()
}

func (h *Handler) devices(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	live, more, err := h.live(r, me)
	if err != nil {
		return err
	}
	ended, err := h.manager.History(r.Context(), me.UserID, maxEnded)
	if err != nil {
		return err
	}
	v := h.view(r)
	if site := r.Header.Get("Sec-Fetch-Site"); site == "" || site == "same-origin" {
		// Not by a link in a mail, which would say what is not true.
		code := r.URL.Query().Get("notice")
		if v.Notice = v.notice(code); code == "not-me" || code == "not-me-elsewhere" {
			v.Link = h.cfg.PasswordURL
		}
	}
	v.Review, v.Forget = h.card(v.words, r, me), h.manager.KeepsProfiles() && me.Believed()
	v.list(live, more, me)
	for _, s := range ended {
		v.Ended = append(v.Ended, v.row(s, me))
	}
	h.render(w, r, http.StatusOK, "devices", v)
	return nil
}

// askOthers asks whether to sign out all other devices. Who they are, users are
// asked first, so that the answer is the last step.
func (h *Handler) askOthers(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	if !h.recent(me) {
		h.confirm(w, r, "/sign-out-others")
		return nil
	}
	live, more, err := h.live(r, me)
	if err != nil {
		return err
	}
	v := h.view(r)
	v.list(live, more, me)
	v.Heading = v.say("others heading")
	h.render(w, r, http.StatusOK, "others", v)
	return nil
}

func (h *Handler) signOutOthers(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	if !h.recent(me) {
		h.confirm(w, r, "/sign-out-others")
		return nil
	}
	if _, err := h.endOthers(r, me); err != nil {
		return err
	}
	h.reviewed(r, me)
	h.done(w, r, h.elsewhere(r, session.ID{}, "signed-out-others"))
	return nil
}

func (h *Handler) signOut(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	id := parseID(r.PostForm.Get("id"))
	switch {
	case id == me.ID:
		if err := h.mw.SignOut(w, r); err != nil {
			return err
		}
		if h.ended(r, id) != nil {
			h.tell(w, r, http.StatusBadGateway, "elsewhere", "")
			return nil
		}
		http.Redirect(w, r, h.cfg.SignedOut, http.StatusSeeOther)
		return nil
	case !h.recent(me):
		h.confirm(w, r, "/?notice=confirmed")
		return nil
	}
	if err := h.manager.Revoke(r.Context(), me.UserID, id, session.ReasonSignedOutRemote); err != nil {
		return err
	}
	h.reviewed(r, me)
	h.done(w, r, h.elsewhere(r, id, "signed-out"))
	return nil
}

func (h *Handler) rename(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	id := parseID(r.PostForm.Get("id"))
	if id != me.ID && !h.recent(me) {
		h.confirm(w, r, "/?notice=confirmed")
		return nil
	}
	if _, err := h.manager.Rename(r.Context(), me.UserID, id, r.PostForm.Get("name")); err != nil {
		return err
	}
	h.done(w, r, "renamed")
	return nil
}

// render answers with a page. It is made whole before the first byte is sent.
func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, name string, v *view) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, v); err != nil {
		h.cfg.Logger.ErrorContext(r.Context(), "activity: page not made", "page", name, "error", err)
		middleware.Problem(w, r, http.StatusInternalServerError, nil)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	setPolicy(w, v.Nonce)
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the client has gone
}
