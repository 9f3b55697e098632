package activity

import (
	"net/http"
	"time"

	"github.com/signedin/signedin/session"
)

type sessionJSON struct {
	ID            session.ID   `json:"id"`
	Current       bool         `json:"current"`
	Name          string       `json:"name"`
	Label         string       `json:"label"`
	Device        deviceJSON   `json:"device"`
	Location      locationJSON `json:"location"`
	IP            string       `json:"ip"`
	Carrier       string       `json:"carrier"`
	Shared        bool         `json:"shared"`
	Bound         bool         `json:"bound"`
	BoundSince    *time.Time   `json:"boundSince"`
	SignedInAt    time.Time    `json:"signedInAt"`
	LastActiveAt  time.Time    `json:"lastActiveAt"`
	ExpiresAt     time.Time    `json:"expiresAt"`
	IdleExpiresAt time.Time    `json:"idleExpiresAt"`
	Badges        []badgeJSON  `json:"badges"`
	Signals       []signalJSON `json:"signals"`
	Suspended     bool         `json:"suspended"`
	CanConfirm    bool         `json:"canConfirm"`
	CanDeny       bool         `json:"canDeny"`

	// Of a session that is over.
	EndedAt time.Time `json:"endedAt,omitzero"`
	Reason  string    `json:"reason,omitempty"`
	EndedBy string    `json:"endedBy,omitempty"`
}

type deviceJSON struct {
	Kind           string `json:"kind"`
	Browser        string `json:"browser"`
	BrowserVersion string `json:"browserVersion"`
	OS             string `json:"os"`
	OSVersion      string `json:"osVersion"`
	Model          string `json:"model"`
	App            string `json:"app"`
	AppVersion     string `json:"appVersion"`
}

type locationJSON struct {
	Label       string `json:"label"`
	CountryCode string `json:"countryCode"`
	City        string `json:"city"`
	Approximate bool   `json:"approximate"`
}

type badgeJSON struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

type signalJSON struct {
	Code  string            `json:"code"`
	Text  string            `json:"text"`
	Args  map[string]string `json:"args,omitempty"`
	Level string            `json:"level"`
	At    time.Time         `json:"at"`
}

func (h *Handler) encode(r *http.Request, all []*session.Session, me *session.Session) []sessionJSON {
	out, t := make([]sessionJSON, len(all)), h.words(r)
	for i, s := range all {
		out[i] = t.encode(s, me)
	}
	return out
}

// encode says what the API says of s, with the words in the language of its user.
func (t words) encode(s, me *session.Session) sessionJSON {
	s = seenBy(s, me)
	d, l, q := s.Last.Device, s.Last.Location, ask(s, me, t.now)
	out := sessionJSON{
		ID: s.ID, Current: s.ID == me.ID, Name: s.Name, Label: t.in.Label(s),
		Device: deviceJSON{
			Kind: string(d.Kind), Browser: d.Browser, BrowserVersion: d.BrowserVersion,
			OS: d.OS, OSVersion: d.OSVersion, Model: d.Model, App: d.App, AppVersion: d.AppVersion,
		},
		Location: locationJSON{Label: t.label(l), CountryCode: l.CountryCode, City: l.City, Approximate: l.Approximate()},
		IP:       address(s.Last),
		Carrier:  string(s.Carrier), Shared: s.Shared,
		SignedInAt: s.First.At, LastActiveAt: s.Last.At,
		ExpiresAt: s.ExpiresAt, IdleExpiresAt: s.IdleExpiresAt(),
		Badges: make([]badgeJSON, len(q.badges)), Signals: make([]signalJSON, len(q.signals)),
		Suspended: q.suspended, CanConfirm: q.mayConfirm, CanDeny: q.mayDeny,
	}
	if out.Bound = s.IsBound(); out.Bound {
		out.BoundSince = &s.Bound.Since
	}
	for i, b := range q.badges {
		out.Badges[i] = badgeJSON{Code: b, Text: t.say("badge." + b)}
	}
	for i, g := range q.signals {
		text, _ := t.in.Signal(g)
		out.Signals[i] = signalJSON{Code: g.Code, Text: text, Args: g.Args, Level: level(g.Level), At: g.At}
	}
	if e := s.Ended; e != nil {
		out.EndedAt, out.Reason, out.EndedBy = e.At, string(e.Reason), e.By
	}
	return out
}

func level(l session.Level) string {
	switch l {
	case session.LevelNone:
		return "none"
	case session.LevelNotice:
		return "notice"
	case session.LevelAlert:
		return "alert"
	}
	return "high"
}

// address is the address of a visit, or the network around it if that is all
// that was kept.
func address(v session.Visit) string {
	switch {
	case v.IP.IsValid():
		return v.IP.String()
	case v.Network.IsValid():
		return v.Network.String()
	}
	return ""
}
