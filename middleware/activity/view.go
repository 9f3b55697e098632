package activity

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// view is what the templates are filled with.
type view struct {
	words
	passwordURL string

	Lang, Dir   string
	Nonce       string
	Bare        bool // stands in a page of the host's
	Style       template.CSS
	Stylesheet  string
	Logo        string
	Script      string // of the list alone: which one
	Now         string // for the script, whose clock may be wrong
	Heading     string
	Text, Link  string // of a message
	Refresh     bool   // goes on to Link by itself
	Home        string
	Attribution string
	Remarks     []string // of the host
	Help        string
	Base        string
	Form        string // proves that a form was made for this session
	Notice      *notice
	Review      *card // nil if there is nothing to ask
	Forget      bool  // there may be known devices
	Asked       row   // by a link

	Doubt            doubt  // what the session that looks has to do first
	DoubtText        string // what that means
	Confirm, Recover string // where it can be done

	Current       []row // one, or none if it ended meanwhile
	Flagged       []row // that need a look
	Looks         int   // how many need one, this one included
	Sections      []section
	Others, Found int
	Search        string
	MaySearch     bool
	After, Next   string
	More          bool // than are on this page
	Ended         []row

	// Of a question about sessions.
	Asks, List, Yes string
	Rows            []row
	Danger          bool
	Typed, Wrong    string     // of a name
	SignOut         session.ID // a button for this device
	Mine            bool       // of a link that is opened in the session it is about
}

// notice says what was done.
type notice struct {
	Text, Link, Change string
	Warn               bool
}

// row is one session.
type row struct {
	of               *session.Session
	Page             *view
	ID               session.ID
	N                int // its place on the page, for the names of its parts
	Current, Shared  bool
	Protected        bool   // bound to its device
	Kind             string // the name of its icon
	Label            string
	Name, Title      string // Label is one of them
	Subtitle         string
	Place, Address   string
	SignedIn, Active moment
	SignedInAt       moment // exactly
	ActiveAt         moment
	Until            string // when it ends by itself
	Badges           []badge
	Look             bool // needs one
	Why              []sentence
	Shown            int64 // up to when, in milliseconds since 1970
	MayConfirm       bool
	MayDeny          bool
	Notice           *notice // what was done here

	Ended  moment // of a session that is over
	Reason string
}

// sentence is one of what looks unusual, and its language if that is not the
// page's.
type sentence struct{ Text, Lang string }

// badge is one word or two about what is unusual.
type badge struct {
	Text   string
	Strong bool // asks for something
}

// words speaks to the user of r.
func (h *Handler) words(r *http.Request) words {
	return words{in: h.cfg.Language(r), now: h.manager.Now(), zone: h.cfg.Zone}
}

func (h *Handler) view(r *http.Request) *view {
	t := h.words(r)
	v := &view{
		words: t, passwordURL: h.cfg.PasswordURL,
		Lang: t.in.Lang(), Dir: t.in.Dir(), Nonce: rand.Text(), Style: style, Now: t.now.Format(time.RFC3339),
		Heading: h.cfg.Title, Home: h.cfg.Home, Attribution: h.cfg.Attribution, Help: h.cfg.Help,
		Base: h.public, Stylesheet: h.cfg.Stylesheet, Logo: h.cfg.Logo,
	}
	if me := own(r); me != nil {
		v.Form = middleware.FormToken(me)
	}
	if v.Heading == "" {
		v.Heading = v.say("title")
	}
	return v
}

// HelpLink lets the address of the help be what the host has set, and New has
// looked at.
func (v *view) HelpLink() template.URL { return template.URL(v.Help) }

// drawn are the icons that there are, beside that of what is not known.
var drawn = []device.Kind{
	device.KindDesktop, device.KindPhone, device.KindTablet, device.KindTV, device.KindWatch, device.KindConsole,
	device.KindCar, device.KindHeadset, device.KindApp, device.KindCLI, device.KindBot,
}

func icon(kind device.Kind) string {
	if !slices.Contains(drawn, kind) {
		kind = device.KindUnknown
	}
	return string(kind)
}

// Kinds are the icons of the list, each of which is drawn once.
func (v *view) Kinds() (all []string) {
	add := func(r *row) {
		if !slices.Contains(all, r.Kind) {
			all = append(all, r.Kind)
		}
	}
	v.each(add)
	for i := range v.Ended {
		add(&v.Ended[i])
	}
	return all
}

// Sec is a section without items of its own.
func (v *view) Sec(id, heading string) section { return section{ID: id, Heading: heading} }

// MaySelect reports whether there are several to select from.
func (v *view) MaySelect() bool { return v.Others > 1 }

// ListQuery asks for this part of the list, FirstQuery for its beginning, and
// NextQuery for what follows.
func (v *view) ListQuery() string  { return v.query(v.After) }
func (v *view) FirstQuery() string { return v.query("") }
func (v *view) NextQuery() string  { return v.query(v.Next) }

func (v *view) query(after string) string {
	return listQuery(url.Values{"after": {after}, "q": {v.Search}}.Encode())
}

// isApp reports whether it is no browser, as far as the carrier and the client
// tell. A foreign token is carried by both.
func isApp(s *session.Session) bool {
	return s.Carrier == session.CarrierBearer || s.Last.Device.App != ""
}

// isProgram reports whether it is neither, and nobody sits before it.
func isProgram(s *session.Session) bool {
	return s.Last.Device.Kind == device.KindCLI || s.Last.Device.Kind == device.KindBot
}

func (v *view) row(s, me *session.Session) row {
	blurred := isBlurred(s, me)
	s = seenBy(s, me)
	d := s.Last.Device
	active := "last active"
	if isApp(s) || isProgram(s) { // which connects by itself
		active = "last connected"
	}
	r := row{
		of: s, Page: v, ID: s.ID, Current: s.ID == me.ID, Shared: s.Shared, Protected: s.IsBound(),
		Kind: icon(d.Kind), Label: v.in.Label(s), Name: s.Name, Title: v.in.Device(d), Subtitle: d.Subtitle(),
		Place: v.place(s.Last.Location), Address: shownAddress(s.Last),
		SignedIn: v.moment("signed in", s.First.At), SignedInAt: v.exactly("signed in", s.First.At),
		Active: v.moment(active, s.Last.At), ActiveAt: v.exactly(active, s.Last.At),
		Until: v.until(s),
	}
	v.question(&r, ask(s, me, v.now))
	r.Shown = latest(s).UnixMilli()
	if r.Current {
		r.Active = moment{Before: v.say("active now")}
	}
	if blurred {
		r.SignedIn, r.Active, r.Until, r.Shown = v.onDay("signed in", s.First.At), v.onDay(active, s.Last.At), "", 0
		r.SignedInAt, r.ActiveAt = r.SignedIn, r.Active
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
		r.Why = append(r.Why, sentence{Text: v.say("why new device")})
	}
	for _, g := range q.signals {
		text, known := v.in.Signal(g)
		why := sentence{Text: text}
		if !known {
			why.Lang = "en"
		}
		if !slices.Contains(r.Why, why) {
			r.Why = append(r.Why, why)
		}
	}
	if q.suspended {
		r.Why = append(r.Why, sentence{Text: v.say("why suspended")})
	}
	if len(q.badges) > 0 && len(r.Why) == 0 {
		r.Why = append(r.Why, sentence{Text: v.say("why check")})
	}
	r.MayConfirm, r.MayDeny, r.Look = q.mayConfirm, q.mayDeny, q.needsLook()
}
