package activity

import (
	"cmp"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// An act is what a form asks for.
type act struct {
	Do   string       `json:"d"`
	IDs  []session.ID `json:"i,omitempty"` // of the sessions that it is about
	Text string       `json:"t,omitempty"` // what was typed, chosen or shown
	List string       `json:"l,omitempty"` // the part of the list to come back to, as its query
}

// An actor does what a form asks for, and answers.
type actor func(h *Handler, w http.ResponseWriter, r *http.Request, me *session.Session, a act) error

// What can be done, by the names that the forms have for it.
const (
	doSignOut = "sign-out"
	doSeveral = "sign-out-several"
	doOthers  = "sign-out-others"
	doRename  = "rename"
	doWasMe   = "was-me"
	doNotMe   = "not-me"
	doReview  = "review"
	doForget  = "forget"
)

var actors = map[string]actor{
	doSignOut: (*Handler).signOut, doSeveral: (*Handler).signOutSeveral, doOthers: (*Handler).signOutOthers,
	doRename: (*Handler).rename, doWasMe: (*Handler).wasMe, doNotMe: (*Handler).notMe,
	doReview: (*Handler).review, doForget: (*Handler).forget,
}

// maxActs bounds how many sessions one form is about: those of one page.
const maxActs = perPage

// readAct reads what a form asks for. The list is one form, whose buttons say by
// their name what to do, and by their value with which session; what was shown
// of it follows.
func readAct(do string, f url.Values) (act, error) {
	a := act{Do: do, List: listQuery(f.Get("list"))}
	ids := f["id"]
	if do == "" {
		for name := range actors {
			if f.Has(name) {
				a.Do = name
			}
		}
		if a.Do != doSeveral {
			id, shown, _ := strings.Cut(f.Get(a.Do), ".")
			ids, a.Text = []string{id}, shown
		}
	}
	switch a.Do {
	case "":
		return a, errForm
	case doSeveral:
	case doRename:
		a.Text = f.Get("name")
	case doWasMe:
		a.Text = cmp.Or(a.Text, f.Get("shown"))
	case doReview:
		a.Text = f.Get("answer")
	}
	if len(ids) > maxActs {
		return a, errForm
	}
	for _, id := range ids {
		a.IDs = append(a.IDs, parseID(id))
	}
	return a, nil
}

// id returns the one session that a is about, the zero ID if there is none.
func (a act) id() (id session.ID) {
	if len(a.IDs) > 0 {
		id = a.IDs[0]
	}
	return id
}

// query is what asks for a, with nothing of what was typed.
func (a act) query() string {
	q := url.Values{"do": {a.Do}}
	for _, id := range a.IDs {
		q.Add("id", id.String())
	}
	if a.List != "" {
		q.Set("list", a.List)
	}
	return q.Encode()
}

// post takes a form; do is empty for that of the list.
func (h *Handler) post(do string) http.Handler {
	return h.form(func(w http.ResponseWriter, r *http.Request, me *session.Session) error {
		if do == "" && r.PostForm.Has("none") { // no button was pressed
			http.Redirect(w, r, h.public+"/"+listQuery(r.PostForm.Get("list")), http.StatusSeeOther)
			return nil
		}
		a, err := readAct(do, r.PostForm)
		if err != nil {
			return err
		}
		if !h.may(me, a) {
			h.confirm(w, r, me, a)
			return nil
		}
		return h.do(w, r, me, a)
	})
}

// do does a. What went wrong by no fault of ours is said on the list.
func (h *Handler) do(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	defer h.looks.forget(me.UserID)
	switch err := actors[a.Do](h, w, r, me, a); {
	case errors.Is(err, session.ErrNotFound):
		h.done(w, r, me, a, note{Code: "gone"})
	case errors.Is(err, session.ErrNotOlder):
		h.done(w, r, me, a, note{Code: "not-older", ID: a.id()})
	default:
		return err
	}
	return nil
}

// may reports whether me may do a without another proof: with itself, or when
// the last one is recent.
func (h *Handler) may(me *session.Session, a act) bool {
	switch a.Do {
	case doSignOut, doRename:
		return a.id() == me.ID || h.recent(me)
	case doReview:
		return a.Text != "sign-out" || h.recent(me)
	}
	return h.recent(me)
}

// recent reports whether the user proved lately enough who they are to change
// another of their sessions.
func (h *Handler) recent(me *session.Session) bool {
	return me.ProvedSince(h.manager.Now().Add(-h.manager.Limits().StepUp))
}

// done goes back to the list, which then says what was done, at the place where
// it was done.
func (h *Handler) done(w http.ResponseWriter, r *http.Request, me *session.Session, a act, n note) {
	h.send(w, r, me, n)
	http.Redirect(w, r, h.public+"/"+a.List+"#done", http.StatusSeeOther)
}

// confirm has the user prove who they are, and come back to what they wanted.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request, me *session.Session, a act) {
	h.send(w, r, me, note{Act: &a, Nonce: rand.Text()})
	h.prove(w, r, "/do?"+a.query())
}

// prove has the user prove who they are, and come back to next.
func (h *Handler) prove(w http.ResponseWriter, r *http.Request, next string) {
	there := h.reauthenticate(next)
	if there != "" && r.Method != http.MethodPost {
		http.Redirect(w, r, there, http.StatusSeeOther)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_user_authentication", max_age="`+
		strconv.Itoa(int(h.manager.Limits().StepUp.Seconds()))+`"`) // RFC 9470
	v := h.view(r)
	if there == "" {
		v.Heading, v.Text = v.say("stale.heading"), v.say("stale.text")
		v.SignOut = own(r).ID
	} else {
		// A page that goes on by itself, since the host may lead on to its identity
		// provider, and our policy keeps a form from being redirected to another
		// origin.
		v.Heading, v.Text, v.Link, v.Refresh = v.say("confirm.heading"), v.say("confirm.text"), there, true
	}
	h.render(w, r, http.StatusUnauthorized, "message", v)
}

// reauthenticate returns the host's page that comes back to next, if there is
// one.
func (h *Handler) reauthenticate(next string) string {
	if h.cfg.Reauthenticate == "" {
		return ""
	}
	u, _ := url.Parse(h.cfg.Reauthenticate) // checked by New
	q := u.Query()
	q.Set("next", h.public+next)
	u.RawQuery = q.Encode()
	return u.String()
}

// resume answers who comes back to what they wanted: it is done, if the click is
// less than a minute old, and else it is asked.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request, me *session.Session) error {
	q := r.URL.Query()
	wanted, err := readAct(q.Get("do"), q)
	if err != nil || actors[wanted.Do] == nil {
		h.back(w, r)
		return nil
	}
	n, ok := h.open(r, me)
	ok = ok && n.Act != nil && n.Act.Do == wanted.Do && slices.Equal(n.Act.IDs, wanted.IDs)
	if ok {
		wanted = *n.Act
	}
	if ok && h.age(n) < intentLife && h.may(me, wanted) && h.used.take(n.Nonce, h.manager.Now()) {
		if err := h.do(w, r, me, wanted); err != nil {
			h.used.giveBack(n.Nonce)
			return err
		}
		return nil
	}
	return h.ask(w, r, me, wanted)
}

// back goes to the list.
func (h *Handler) back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, h.public+"/", http.StatusSeeOther)
}

// ask asks whether to do a, since it is not known any more that the user wanted
// it.
func (h *Handler) ask(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	switch a.Do {
	case doRename:
		return h.askName(w, r, me, a, http.StatusOK, "")
	case doOthers:
		http.Redirect(w, r, h.public+"/sign-out-others", http.StatusSeeOther)
		return nil
	case doReview, doForget: // which the list asks about
		h.back(w, r)
		return nil
	}
	all, err := h.manager.List(r.Context(), me.UserID)
	if err != nil {
		return err
	}
	v := h.view(r)
	v.Asks, v.List, v.Danger = a.Do, a.List, a.Do != doWasMe
	for _, s := range all {
		if slices.Contains(a.IDs, s.ID) {
			v.Rows = append(v.Rows, v.row(s, me))
		}
	}
	if len(v.Rows) == 0 {
		h.done(w, r, me, a, note{Code: "gone"})
		return nil
	}
	v.Heading = v.say("ask."+a.Do, v.Rows[0].Label)
	if a.Do == doSeveral {
		v.Heading = v.count("ask.several.one", "ask.several", len(v.Rows))
	}
	v.Yes = v.say(map[string]string{doWasMe: "was me", doNotMe: "not me", doSignOut: "sign out", doSeveral: "sign out"}[a.Do])
	h.render(w, r, http.StatusOK, "ask", v)
	return nil
}

// later is for a form whose session has ended meanwhile: it returns a request for
// the page that does, after a sign-in, what the form asked for, and notes it if
// it is sure that it was this browser's user who asked. It is nil if the request
// is none of a form of ours.
func (h *Handler) later(w http.ResponseWriter, r *http.Request) *http.Request {
	do, ok := strings.CutPrefix(r.URL.Path, h.base+"/")
	if do == "act" {
		do = ""
	} else if actors[do] == nil {
		ok = false
	}
	if r.Method != http.MethodPost || !ok {
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if r.ParseForm() != nil {
		return nil
	}
	a, err := readAct(do, r.PostForm)
	if err != nil {
		return nil
	}
	if h.mw.MadeForm(r, r.PostForm.Get("form")) {
		h.send(w, r, nil, note{Act: &a, Nonce: rand.Text()})
	}
	later := r.Clone(r.Context())
	later.Method, later.Body = http.MethodGet, http.NoBody
	later.URL.Path, later.URL.RawPath, later.URL.RawQuery = h.base+"/do", "", a.query()
	later.RequestURI = h.public + "/do?" + a.query()
	return later
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
		token := r.PostForm.Get("form")
		if err == nil && middleware.ValidFormToken(me, token) {
			return f(w, r, me)
		}
		if err == nil && middleware.OutdatedFormToken(me, token) {
			if question := h.later(w, r); question != nil { // which does nothing by itself
				http.Redirect(w, r, question.RequestURI, http.StatusSeeOther)
				return nil
			}
		}
		return errForm
	})
}
