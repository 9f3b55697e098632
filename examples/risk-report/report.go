package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

// presets stand side by side in the report.
var presets = []risk.Preset{risk.PresetDefault, risk.PresetCalm, risk.PresetPrecise}

// report is what is known after some lines.
type report struct {
	locator geo.Locator
	shadows []*shadow // one a preset
	began   map[string]time.Time
	first   time.Time
	last    time.Time
	signIns int
	failed  int

	list    int
	flagged []flagged // by the first preset: the worst, and of those the latest
}

// shadow judges by one preset.
type shadow struct {
	assessor *risk.Assessor
	profiles map[string][]byte
	levels   [session.LevelHigh + 1]int
	users    [session.LevelHigh + 1]map[string]bool
	reasons  map[string]int
	mails    *mailbox
}

type flagged struct {
	event
	level   session.Level
	signals []session.Signal
}

func newReport(locator geo.Locator, list int) (*report, error) {
	r := &report{locator: locator, began: map[string]time.Time{}, list: max(0, list)}
	for _, p := range presets {
		assessor, err := risk.New(risk.Config{Preset: p})
		if err != nil {
			return nil, err
		}
		mails, err := newMailbox()
		if err != nil {
			return nil, err
		}
		s := &shadow{assessor: assessor, profiles: map[string][]byte{}, reasons: map[string]int{}, mails: mails}
		for i := range s.users {
			s.users[i] = map[string]bool{}
		}
		r.shadows = append(r.shadows, s)
	}
	return r, nil
}

func (r *report) add(ctx context.Context, s event) error {
	if r.last = s.at; r.first.IsZero() {
		r.first = s.at
	}
	if s.failed {
		r.failed++
		for _, shadow := range r.shadows {
			shadow.assessor.Failed(s.user, s.at)
		}
		return nil
	}
	visit, err := r.visit(ctx, s)
	if err != nil {
		return err
	}
	if s.visit && r.shadows[0].mails.find(s.user, visit) != nil {
		for _, shadow := range r.shadows {
			if err := shadow.move(ctx, s.user, visit); err != nil {
				return err
			}
		}
		return nil
	}
	r.signIns++
	if _, ok := r.began[s.user]; !ok {
		r.began[s.user] = s.at
	}
	for i, shadow := range r.shadows {
		v, err := shadow.judge(ctx, s, visit)
		if err != nil {
			return err
		}
		if i == 0 && v.Level > session.LevelNone {
			r.keep(flagged{s, v.Level, v.Signals})
		}
	}
	return nil
}

// visit is what a Manager would have made of s.
func (r *report) visit(ctx context.Context, s event) (v session.Visit, err error) {
	ip := geo.Canonical(s.ip)
	v = session.Visit{At: s.at, IP: ip, Network: geo.Network(ip), Device: device.Parse(device.Hints{UserAgent: s.userAgent})}
	if ip.IsValid() {
		v.Location, err = r.locator.Locate(ctx, ip)
	}
	return v, err
}

// judge judges a sign-in and learns from it. Of a user's devices one of each
// kind is told apart: a trace says only whether the cookie was known.
func (s *shadow) judge(ctx context.Context, in event, visit session.Visit) (session.Verdict, error) {
	one := &session.Session{ID: s.mails.id(), UserID: in.user, First: visit, Last: visit, Methods: []string{"pwd"}, Familiarity: session.FamiliarityNew}
	if in.known {
		one.Familiarity = session.FamiliarityKnown
	}
	sum := sha256.Sum256(fmt.Append(nil, in.user, visit.Device.Family()))
	copy(one.DeviceKey[:], sum[:])
	v, err := s.assessor.Assess(ctx, session.Case{SignIn: true, Session: one, Visit: visit, Profile: s.profiles[in.user]})
	if err != nil {
		return v, err
	}
	if v.Profile != nil {
		s.profiles[in.user] = v.Profile
	}
	one.Signals, one.Provisional = v.Signals, v.Provisional
	s.mails.tell(ctx, session.EventStarted, one, visit, v)
	for level := session.LevelNotice; level <= v.Level; level++ {
		s.levels[level]++
		s.users[level][in.user] = true
	}
	if v.Level > session.LevelNone {
		for _, x := range v.Signals {
			s.reasons[x.Code]++
		}
	}
	return v, nil
}

// move judges what a session does, if it is on another network.
func (s *shadow) move(ctx context.Context, user string, visit session.Visit) error {
	was := s.mails.find(user, visit)
	if was == nil {
		return nil
	}
	next := was.Clone()
	next.Last = visit
	if was.Last.Network == visit.Network {
		s.mails.put(next)
		return nil
	}
	v, err := s.assessor.Assess(ctx, session.Case{Session: was, Visit: visit, Profile: s.profiles[user]})
	if err != nil {
		return err
	}
	if v.Profile != nil {
		s.profiles[user] = v.Profile
	}
	next.Signals = append(next.Signals, v.Signals...)
	next.Signals = next.Signals[max(0, len(next.Signals)-16):]
	s.mails.tell(ctx, session.EventMoved, next, visit, v)
	return nil
}

// keep keeps f if it is one of those that are listed.
func (r *report) keep(f flagged) {
	i, _ := slices.BinarySearchFunc(r.flagged, f, func(a, b flagged) int {
		if a.level != b.level {
			return int(b.level) - int(a.level)
		}
		return b.at.Compare(a.at)
	})
	r.flagged = slices.Insert(r.flagged, i, f)
	r.flagged = r.flagged[:min(len(r.flagged), r.list)]
}

// years returns the years from each user's first sign-in to the end.
func (r *report) years() (years float64) {
	for _, began := range r.began {
		years += r.last.Sub(began).Hours() / 24 / 365
	}
	return years
}
