package activity

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/signedin/signedin/session"
)

// card asks a user to look through their devices.
type card struct {
	Heading, Text string
	Names         []string // of the devices that it is about, if they are few
	Sessions      []session.ID
	Mine, Later   string // what the buttons say; no second button if empty
	Idle          bool   // may sign them out with one button
	TwoStep       bool   // says a word about it, since the user signed in without
}

// maxNamed is how many devices a card names.
const maxNamed = 5

// card returns what to ask, nil if nothing. That it cannot be found out is no
// reason not to show the page.
func (h *Handler) card(v words, r *http.Request, me *session.Session) *card {
	due, err := h.manager.Review(r.Context(), me)
	if err != nil {
		h.tellLog(r, slog.LevelWarn, "activity: review not known", err)
		return nil
	}
	n := len(due.Sessions)
	c := &card{Mine: v.say("all mine"), Later: v.say("not now"), TwoStep: !hasTwoSteps(me.Methods)}
	switch due.Reason {
	case session.ReviewMonthly:
		c.Heading, c.Text = v.say("review.monthly.heading"), v.count("review.monthly.one", "review.monthly.text", n)
	case session.ReviewTravel:
		c.Heading = v.say("review.travel.heading", v.phrase(due.Country), v.ago(v.now.Sub(due.Until)))
		c.Text = v.count("review.travel.one", "review.travel.text", n)
	case session.ReviewIdle:
		c.Heading, c.Text, c.Idle = v.count("review.idle.one", "review.idle.heading", n), v.say("review.idle.text"), true
		c.Mine, c.Later = v.say("keep"), ""
	case session.ReviewPassword:
		c.Heading, c.Text = v.say("review.password.heading"), v.count("review.password.one", "review.password.text", n)
		c.Mine, c.Later = v.say("ok"), ""
	default:
		return nil
	}
	for _, s := range due.Sessions {
		c.Sessions = append(c.Sessions, s.ID)
		if n <= maxNamed && due.Reason != session.ReviewMonthly {
			c.Names = append(c.Names, v.in.Label(s))
		}
	}
	return c
}

// hasTwoSteps reports whether the user signs in with more than something that
// they know (RFC 8176).
func hasTwoSteps(methods []string) bool {
	return slices.ContainsFunc(methods, func(m string) bool {
		return !slices.Contains([]string{"pwd", "pin", "kba", "rba", "geo", "user"}, m)
	})
}

// review takes the answer to a card.
func (h *Handler) review(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	if a.Text == "sign-out" {
		return h.signOutIdle(w, r, me, a)
	}
	if err := h.manager.Reviewed(r.Context(), me); err != nil {
		return err
	}
	h.done(w, r, me, a, note{Code: "reviewed"})
	return nil
}

func (h *Handler) signOutIdle(w http.ResponseWriter, r *http.Request, me *session.Session, a act) error {
	due, err := h.manager.Review(r.Context(), me)
	if err != nil {
		return err
	}
	if due.Reason != session.ReviewIdle {
		h.done(w, r, me, a, note{Code: "not-idle"})
		return nil
	}
	var ids []session.ID
	for _, s := range due.Sessions {
		ids = append(ids, s.ID)
	}
	if _, err := h.manager.RevokeEach(r.Context(), me.UserID, ids, session.ReasonSignedOutRemote); err != nil {
		return err
	}
	code := "signed-out-idle"
	for _, id := range ids {
		code = h.elsewhere(r, id, code)
	}
	h.reviewed(r, me)
	h.done(w, r, me, a, note{Code: code})
	return nil
}

// reviewed notes that the user has looked: who signs a device out has. If that
// cannot be kept they are asked again, as they are if it was a session in
// question.
func (h *Handler) reviewed(r *http.Request, me *session.Session) {
	if err := h.manager.Reviewed(r.Context(), me); err != nil && !errors.Is(err, session.ErrNotOlder) {
		h.tellLog(r, slog.LevelWarn, "activity: review not noted", err)
	}
}

type reviewJSON struct {
	Reason   session.ReviewReason `json:"reason"`
	Text     string               `json:"text"`
	Sessions []session.ID         `json:"sessions"`
	Doubt    doubt                `json:"doubt"`
}

func (h *Handler) apiReview(_ http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	due, err := h.manager.Review(r.Context(), me)
	if err != nil {
		return nil, err
	}
	out := reviewJSON{Reason: due.Reason, Sessions: []session.ID{}, Doubt: doubtOf(me)}
	if c := h.card(h.words(r), r, me); c != nil {
		out.Text, out.Sessions = c.Heading+" "+c.Text, c.Sessions
	}
	return out, nil
}

func (h *Handler) apiReviewed(_ http.ResponseWriter, r *http.Request, me *session.Session) (any, error) {
	return nil, h.manager.Reviewed(r.Context(), me)
}
