package activity

import (
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

const (
	linkLife    = 7 * 24 * time.Hour
	linkVersion = 1
	maxLink     = 1024 // bytes of its text
)

// A link asks the user about one session, without a session: who has it has
// the user's mailbox, so it signs nobody in and can do no more than end that
// session.
type link struct {
	id      session.ID
	started time.Time // the sign-in that it is about
	expires time.Time
	userID  string
}

var errLink = errors.New("activity: link cannot be used")

// Link returns the path and query of a page that asks "Was this you?" about s,
// for a mail to its user: the host puts its origin in front. Opening it changes
// nothing; the button on it denies the session ([session.Manager.Deny]), once.
// "This was me" is not for a link to say: that takes an older session. It works
// for seven days and while s is live and has not been confirmed.
//
// Link returns "" if there are no Config.LinkKeys.
func (h *Handler) Link(s *session.Session) string {
	if len(h.links) == 0 {
		return ""
	}
	b := append([]byte{linkVersion}, s.ID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.First.At.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(h.manager.Now().Add(linkLife).UnixMilli()))
	sealed := h.links[0].Seal(nil, nil, append(b, s.UserID...), nil)
	return h.public + "/link?t=" + base64.RawURLEncoding.EncodeToString(sealed)
}

// newLinks returns what seals links and opens them, with keys of their own.
func newLinks(keys session.Keys) (all []cipher.AEAD, err error) {
	if err := keys.Check(); err != nil {
		return nil, fmt.Errorf("activity: Config.LinkKeys: %w", err)
	}
	for _, key := range keys.Reveal() {
		all = append(all, cipherFor("link", key))
	}
	return all, nil
}

func (h *Handler) openLink(text string) (l link, err error) {
	if len(text) > maxLink || strings.ContainsAny(text, "\r\n") { // which base64 would pass over
		return l, errLink
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return l, errLink
	}
	for _, aead := range h.links {
		b, err := aead.Open(nil, nil, sealed, nil)
		if err != nil || len(b) <= 33 || b[0] != linkVersion {
			continue
		}
		l = link{
			id:      session.ID(b[1:17]),
			started: time.UnixMilli(int64(binary.BigEndian.Uint64(b[17:]))),
			expires: time.UnixMilli(int64(binary.BigEndian.Uint64(b[25:]))),
			userID:  string(b[33:]),
		}
		if h.manager.Now().Before(l.expires) {
			return l, nil
		}
	}
	return link{}, errLink
}

// asked returns the session that a link is about, while the link is of use.
func (h *Handler) asked(r *http.Request, text string) (*session.Session, error) {
	l, err := h.openLink(text)
	if err != nil {
		return nil, err
	}
	live, err := h.manager.List(r.Context(), l.userID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(live, func(s *session.Session) bool {
		return s.ID == l.id && s.First.At.Equal(l.started) && s.ConfirmedAt.IsZero()
	})
	if i < 0 {
		return nil, errLink
	}
	return live[i], nil
}

// linked answers to whoever has a link. The Referer of what they go on to must
// not have it; "no-referrer" would take the Origin from our own form.
func (h *Handler) linked(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return closed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "strict-origin")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		switch err := f(w, r); {
		case errors.Is(err, errLink), errors.Is(err, session.ErrNotFound):
			h.tellLink(w, r, http.StatusGone, "link.gone", "")
		case err != nil:
			h.trouble(w, r, http.StatusServiceUnavailable, err)
			h.tellLink(w, r, http.StatusServiceUnavailable, "link.trouble", "")
		}
	}))
}

func (h *Handler) showLink(w http.ResponseWriter, r *http.Request) error {
	text := r.URL.Query().Get("t")
	s, err := h.asked(r, text)
	if err != nil {
		return err
	}
	v := h.view(r)
	v.Heading, v.Link = v.say("link.heading"), text
	first := s.Clone()
	first.Last = first.First // what the mail spoke of, wherever the session is by now
	v.Asked = v.row(first, first)
	v.Asked.Label, v.Asked.Name, v.Asked.Address = v.Asked.Title, "", ""
	v.Mine = h.isHere(r, s)
	h.render(w, r, http.StatusOK, "link", v)
	return nil
}

func (h *Handler) answerByLink(w http.ResponseWriter, r *http.Request) error {
	if r.ParseForm() != nil {
		return errLink
	}
	s, err := h.asked(r, r.PostForm.Get("t"))
	if err != nil {
		return err
	}
	if r.PostForm.Has(doWasMe) {
		return h.confirmByLink(w, r, s)
	}
	if err := h.manager.Deny(r.Context(), s.UserID, s.ID, session.ID{}); err != nil {
		return err
	}
	h.tellLink(w, r, http.StatusOK, "link."+h.elsewhere(r, s.ID, "done"), h.cfg.PasswordURL)
	return nil
}

// isHere reports whether r comes in the very session that a link is about, and
// that is in doubt. Who has both signed in and reads the user's mail: that is
// more than a stranger has who knows the password.
func (h *Handler) isHere(r *http.Request, s *session.Session) bool {
	me := own(r)
	return me != nil && me.ID == s.ID && me.UserID == s.UserID && doubtOf(me) != doubtNone
}

// mailed is the method of a proof by a link in a mail, on top of a sign-in: more
// than one channel (RFC 8176).
const mailed = "mca"

// confirmByLink takes "This was me" in the session that is in doubt.
func (h *Handler) confirmByLink(w http.ResponseWriter, r *http.Request, s *session.Session) error {
	me, token := own(r), r.PostForm.Get("form")
	if h.isHere(r, s) && middleware.OutdatedFormToken(me, token) { // ask again
		http.Redirect(w, r, h.public+"/link?t="+url.QueryEscape(r.PostForm.Get("t")), http.StatusSeeOther)
		return nil
	}
	if !h.isHere(r, s) || !middleware.ValidFormToken(me, token) {
		return errLink
	}
	methods := append(slices.Clone(me.Methods), mailed)
	if _, err := h.mw.Reauthenticated(w, r, session.Proof{Methods: methods}); err != nil {
		return err
	}
	if _, err := h.manager.Confirm(r.Context(), s.UserID, s.ID, s.ID); err != nil {
		return err
	}
	h.tellLink(w, r, http.StatusOK, "link.was-me", h.cfg.PasswordURL)
	return nil
}

// tellLink says one thing to somebody who may not be signed in.
func (h *Handler) tellLink(w http.ResponseWriter, r *http.Request, status int, name, next string) {
	v := h.view(r)
	v.Heading, v.Text, v.Link = v.say(name+".heading"), v.say(name+".text"), next
	h.render(w, r, status, "told", v)
}
