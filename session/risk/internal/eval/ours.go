package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

// ours answers with the library. It keeps what a Manager keeps.
type ours struct {
	assessor *risk.Assessor
	people   map[int]*person
	sessions map[int]*live
	wrong    int
	largest  int

	intruders map[int]bool // records to be let in and to come back
	back      struct{ n, seen int }

	spent  time.Duration
	asked  int
	truths *truths // of the reasons that were given

	backing bool // an intruder is let in, who is not to be told of
	foreign bool // sessions of a carrier that can have no device cookie
	mails   *mails
	paused  int // own live sessions that ActionSuspend would have paused
}

// person is what the Manager keeps of a user.
type person struct {
	profile []byte
	devices []session.DeviceKey // the latest first
}

// live is a session, and the families of strangers that used it.
type live struct {
	session  *session.Session
	families []device.Family
}

func newOurs(preset risk.Preset, foreign bool) (*ours, error) {
	o := &ours{people: map[int]*person{}, sessions: map[int]*live{}, foreign: foreign, truths: newTruths()}
	var err error
	if o.mails, err = newMails(); err != nil {
		return nil, err
	}
	o.assessor, err = risk.New(risk.Config{
		Key: session.NewKeys([]byte("evaluation, a key of 32 bytes and more")), Preset: preset,
		Failures: func(context.Context, string, time.Time) (int, error) { return o.wrong, nil },
	})
	return o, err
}

func (o *ours) person(id int) *person {
	p := o.people[id]
	if p == nil {
		p = &person{}
		o.people[id] = p
	}
	return p
}

// signIn answers a sign-in, and keeps it if it is to be learnt.
func (o *ours) signIn(r *record, learn bool) (answer, error) {
	p := o.person(r.User)
	v := r.visit()
	s := &session.Session{ID: sessionID(r.SID), UserID: strconv.Itoa(r.User), First: v, Last: v, Familiarity: session.FamiliarityNew, Carrier: session.CarrierCookie}
	if o.foreign {
		s.Carrier = session.CarrierForeign
	} else if r.Cookie != "" {
		sum := sha256.Sum256(fmt.Append(nil, r.User, r.Cookie))
		copy(s.DeviceKey[:], sum[:])
	}
	if slices.Contains(p.devices, s.DeviceKey) {
		s.Familiarity = session.FamiliarityKnown
	}
	o.wrong = r.Fails
	c := session.Case{SignIn: true, Session: s, Visit: v, Profile: p.profile}
	if !learn {
		a, err := o.ask(r, c)
		if err == nil && o.intruders[r.ID] && (a.Level == "alert" || a.Level == "high") {
			err = o.comeBack(r)
		}
		return a, err
	}
	verdict, err := o.assessor.Assess(context.Background(), c)
	p.keep(verdict)
	o.did(r, v, verdict.Level)
	if s.DeviceKey != (session.DeviceKey{}) {
		p.devices = slices.DeleteFunc(p.devices, func(k session.DeviceKey) bool { return k == s.DeviceKey })
		p.devices = slices.Insert(p.devices, 0, s.DeviceKey)
		p.devices = p.devices[:min(len(p.devices), 16)]
	}
	s.Signals, s.Provisional = verdict.Signals, verdict.Provisional
	o.sessions[r.SID] = &live{session: s}
	if !o.backing {
		o.mails.observe(session.EventStarted, s, &s.First, verdict)
	}
	o.largest = max(o.largest, len(p.profile))
	return answer{}, err
}

// comeBack lets an intruder in, who comes again the next day with the cookie
// that they were given. Nobody remembers it afterwards.
func (o *ours) comeBack(r *record) error {
	before := *o.person(r.User)
	before.devices = slices.Clone(before.devices)
	o.backing = true
	defer func() { *o.person(r.User), o.backing = before, false }()
	first := *r
	first.Cookie, first.SID = "intruder", -1
	if _, err := o.signIn(&first, true); err != nil {
		return err
	}
	second := first
	second.ID, second.T, second.Fails = -1, r.T+24*60*60, 0
	a, err := o.signIn(&second, false)
	o.back.n++
	if a.Level == "alert" || a.Level == "high" {
		o.back.seen++
	}
	return err
}

// move answers a request in a live session from another address or user agent.
func (o *ours) move(r *record, learn bool) (answer, error) {
	p, l := o.person(r.User), o.sessions[r.SID]
	if l == nil {
		return answer{}, fmt.Errorf("record %d: no session %d", r.ID, r.SID)
	}
	last := l.session.Last
	said := r.visit()
	v := said
	v.Device = device.Merge(last.Device, said.Device)
	kept := v
	stranger := said.Device.Family() != v.Device.Family() && !slices.Contains(l.families, said.Device.Family())
	if stranger {
		v.Device = said.Device
	}
	asked := stranger || geo.Network(v.IP) != last.Network
	c := session.Case{Session: l.session, Visit: v, Profile: p.profile}
	if !learn {
		if !asked {
			return answer{ID: r.ID, Level: "none"}, nil
		}
		return o.ask(r, c)
	}
	next := l.session.Clone()
	next.Last = kept
	level := session.LevelNone
	if stranger {
		l.families = append(l.families, said.Device.Family())
		l.families = l.families[max(0, len(l.families)-8):]
	}
	var err error
	if asked {
		var verdict session.Verdict
		verdict, err = o.assessor.Assess(context.Background(), c)
		p.keep(verdict)
		level = verdict.Level
		next.Signals = append(next.Signals, verdict.Signals...)
		next.Signals = next.Signals[max(0, len(next.Signals)-16):]
		if verdict.Level == session.LevelHigh {
			o.paused++
		}
		o.mails.observe(session.EventMoved, next, &v, verdict)
	}
	l.session = next
	o.did(r, v, level)
	return answer{}, err
}

// did notes what the user has done, or an intruder who is let in, of whose reasons none
// is counted.
func (o *ours) did(r *record, v session.Visit, level session.Level) {
	if !o.backing {
		o.truths.did(r, v, level)
	}
}

func (p *person) keep(v session.Verdict) {
	if v.Profile != nil {
		p.profile = v.Profile
	}
}

func (o *ours) ask(r *record, c session.Case) (answer, error) {
	start := time.Now()
	v, err := o.assessor.Assess(context.Background(), c)
	o.spent += time.Since(start)
	o.asked++
	if err != nil {
		return answer{}, err
	}
	lines, err := o.assessor.Explain(context.Background(), c)
	a := answer{ID: r.ID, Level: levels[v.Level], Points: map[string]int{}}
	for _, l := range lines {
		a.Score += l.Points
		a.Points[l.Code] = l.Points
	}
	if !o.backing {
		o.truths.check(r, c, v.Signals)
	}
	for _, s := range v.Signals {
		a.Reasons = append(a.Reasons, s.Code)
	}
	return a, err
}

var levels = [...]string{"none", "notice", "alert", "high"}

// end keeps the session: thieves come back to it in the trace, though a Manager
// would not let them in.
func (o *ours) end(r *record) {
	if l := o.sessions[r.SID]; l != nil {
		over := l.session.Clone()
		over.Ended = &session.Ending{At: r.at(), Reason: session.ReasonSignedOut}
		o.mails.store.put(over)
	}
}
