package session

import (
	"context"
	"time"
)

// An Assessor judges whether a visit looks wrong. It is asked at each sign-in,
// and when a live session is seen on another network or device. It must be
// safe for concurrent use. An error allows the visit and is logged.
type Assessor interface {
	Assess(ctx context.Context, c Case) (Verdict, error)
}

// AssessorFunc lets a function be an [Assessor].
type AssessorFunc func(ctx context.Context, c Case) (Verdict, error)

// Assess calls f.
func (f AssessorFunc) Assess(ctx context.Context, c Case) (Verdict, error) { return f(ctx, c) }

// A Case is what an [Assessor] is asked about.
type Case struct {
	SignIn  bool     // the session starts now; else it is live and has moved
	Session *Session // as it was before the visit; Familiarity is set at a sign-in
	Visit   Visit
	Profile []byte // what the Assessor last returned for this user, if profiles are kept
}

// A Verdict is what an [Assessor] found.
type Verdict struct {
	Level       Level
	Signals     []Signal
	Provisional bool // do not believe the sign-in yet
	// Profile, if not nil, is kept for the next Case of this user, if profiles
	// are kept: at most 1,280 bytes.
	Profile []byte
}

// A Level says how much a visit looks wrong.
type Level uint8

// The levels.
const (
	LevelNone Level = iota
	LevelNotice
	LevelAlert
	LevelHigh
)

// A Signal is one thing that looked unusual.
type Signal struct {
	Code  string            // stable, for programs and translations: "country.new"
	Text  string            // one plain sentence, in English
	Args  map[string]string // what the sentence speaks of
	Level Level
	At    time.Time
}
