package activity

import (
	"crypto/rand"
	"html/template"
	"net/http"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// view is what the templates are filled with.
type view struct {
	words
	Lang, Nonce string
	Style       template.CSS
	Heading     string
	Text, Link  string // of a message
	Home        string
	Attribution string
	Base        string
	Form        string // proves that a form was made for this session
	Notice      string

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
	Current          bool
	Kind             string // the name of its icon
	Label            string
	Name, Title      string // Label is one of them
	Subtitle         string
	Place, Address   string
	SignedIn, Active moment
	Signals          []session.Signal

	Ended  moment // of a session that is over
	Reason string
}

func (h *Handler) view(r *http.Request) *view {
	lang, sprintf := h.cfg.Translate(r)
	v := &view{
		words: words{sprintf: sprintf, now: h.manager.Now()},
		Lang:  lang, Nonce: rand.Text(), Style: style,
		Heading: h.cfg.Title, Home: h.cfg.Home, Attribution: h.cfg.Attribution,
		Base: h.base, Form: middleware.FormToken(own(r)),
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

func isApp(s *session.Session) bool {
	return s.Carrier != session.CarrierCookie || s.Last.Device.App != ""
}

func (v *view) row(s, me *session.Session) row {
	d, l := s.Last.Device, s.Last.Location
	r := row{
		Page: v, ID: s.ID, Current: s.ID == me.ID,
		Kind: string(d.Kind), Label: label(s), Name: s.Name, Title: d.Title(), Subtitle: d.Subtitle(),
		Place: l.Label(), Address: address(s.Last),
		SignedIn: v.moment("signed in", s.First.At),
		Active:   v.moment("last active", s.Last.At),
		Signals:  s.Signals,
	}
	if l.Approximate() {
		r.Place = v.say("place", r.Place)
	}
	if r.Current {
		r.Active.Text = v.say("active now")
	}
	if e := s.Ended; e != nil {
		r.Ended, r.Reason = v.moment("ended at", e.At), v.reason(e.Reason)
	}
	return r
}
