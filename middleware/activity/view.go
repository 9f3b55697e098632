package activity

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"slices"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// view is what the templates are filled with.
type view struct {
	words
	sentence    func(session.Signal) string
	Lang, Nonce string
	Style       template.CSS
	Heading     string
	Text, Link  string // of a message, or of a notice
	Home        string
	Attribution string
	Base        string
	Form        string // proves that a form was made for this session
	Notice      string
	Review      *card // nil if there is nothing to ask
	Forget      bool  // there may be known devices
	Asked       row   // by a link

	Current        []row // one, or none if it ended meanwhile
	Browsers, Apps []row
	Others         int
	More           bool // than are shown
	Ended          []row
}

// row is one session.
type row struct {
	Page             *view
	ID               session.ID
	Current, Shared  bool
	Kind             string // the name of its icon
	Label            string
	Name, Title      string // Label is one of them
	Subtitle         string
	Place, Address   string
	SignedIn, Active moment
	Badges           []badge
	Why              []string
	Shown            int64 // up to when, in milliseconds since 1970
	MayConfirm       bool
	MayDeny          bool

	Ended  moment // of a session that is over
	Reason string
}

// badge is one word or two about what is unusual.
type badge struct {
	Text   string
	Strong bool // asks for something
}

func (h *Handler) view(r *http.Request) *view {
	lang, sprintf := h.cfg.Translate(r)
	v := &view{
		words:    words{sprintf: sprintf, now: h.manager.Now()},
		sentence: func(g session.Signal) string { return h.cfg.Sentence(r, g) },
		Lang:     lang, Nonce: rand.Text(), Style: style,
		Heading: h.cfg.Title, Home: h.cfg.Home, Attribution: h.cfg.Attribution,
		Base: h.base,
	}
	if me := own(r); me != nil {
		v.Form = middleware.FormToken(me)
	}
	if v.Heading == "" {
		v.Heading = v.say("title")
	}
	return v
}

// list sorts the live sessions under their headings.
func (v *view) list(live []*session.Session, more int, me *session.Session) {
	v.More = more > 0
	v.Others = more
	for _, s := range live {
		if s.ID == me.ID {
			v.Current = append(v.Current, v.row(s, me))
			continue
		}
		v.Others++
		if isApp(s) {
			v.Apps = append(v.Apps, v.row(s, me))
		} else {
			v.Browsers = append(v.Browsers, v.row(s, me))
		}
	}
}

// isApp reports whether it is no browser, as far as the carrier and the client
// tell. A foreign token is carried by both.
func isApp(s *session.Session) bool {
	return s.Carrier == session.CarrierBearer || s.Last.Device.App != ""
}

func (v *view) row(s, me *session.Session) row {
	d := s.Last.Device
	r := row{
		Page: v, ID: s.ID, Current: s.ID == me.ID, Shared: s.Shared,
		Kind: string(d.Kind), Label: label(s), Name: s.Name, Title: d.Title(), Subtitle: d.Subtitle(),
		Place: v.place(s.Last.Location), Address: address(s.Last),
		SignedIn: v.moment("signed in", s.First.At),
		Active:   v.moment("last active", s.Last.At),
	}
	v.question(&r, ask(s, me, v.now))
	r.Shown = latest(s).UnixMilli()
	if r.Current {
		r.Active.Text = v.say("active now")
	}
	if e := s.Ended; e != nil {
		r.Ended, r.Reason = v.moment("ended at", e.At), v.reason(e.Reason)
	}
	return r
}

// question fills in what looks unusual, each sentence once.
func (v *view) question(r *row, q question) {
	for _, b := range q.badges {
		r.Badges = append(r.Badges, badge{v.say("badge." + b), b == badgeCheck})
	}
	if q.newDevice {
		r.Why = append(r.Why, v.say("why new device"))
	}
	for _, g := range q.signals {
		if why := v.sentence(g); !slices.Contains(r.Why, why) {
			r.Why = append(r.Why, why)
		}
	}
	if q.suspended {
		r.Why = append(r.Why, v.say("why suspended"))
	}
	if len(q.badges) > 0 && len(r.Why) == 0 {
		r.Why = append(r.Why, v.say("why check"))
	}
	r.MayConfirm, r.MayDeny = q.mayConfirm, q.mayDeny
}
