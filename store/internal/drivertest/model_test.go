package drivertest_test

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/anishathalye/porcupine"

	"github.com/signedin/signedin/session"
)

// maxSlots is how many sessions one history can have.
const maxSlots = 10

// userModel is all that can be told of a user by calls of a Store, and how each
// call changes it: the contract, one call after the other.
type userModel struct {
	generation int64
	slots      [maxSlots]slot
}

// slot is one session of the user.
type slot struct {
	state   slotState
	found   bool // Get finds it; in Redis that comes a step after List does
	version int64
	name    int // what Update wrote last
	last    int // the latest visit
}

type slotState uint8

const (
	slotNone slotState = iota
	slotLive
	slotEnded
)

// slots is a set of sessions.
type slots uint16

const allSlots slots = 1<<maxSlots - 1

func (s slots) has(n int) bool { return s>>n&1 == 1 }

type kind string

const (
	opGeneration kind = "Generation"
	opCreate     kind = "Create"
	opFound      kind = "Create: found by Get"
	opGet        kind = "Get"
	opList       kind = "List"
	opUpdate     kind = "Update"
	opTouch      kind = "Touch"
	opRevoke     kind = "Revoke"
	opRevokeAll  kind = "Revoke all"
	opRevokeRest kind = "Revoke all but"
	opErase      kind = "Erase: end all"
	opDelete     kind = "Erase: delete"
)

// call is what a client asked for.
type call struct {
	kind       kind
	slot       int
	only       slots
	generation int64
	version    int64
	name, at   int
	atOnce     bool // Create: Get finds it at the same moment as List
}

// answer is what it was told.
type answer struct {
	lost       bool  // it is not known whether the call had its effect
	err        error // one of those by which a Store answers
	generation int64
	live       bool
	version    int64
	name, last int
	set        slots // those that List returned, or that were ended
	versions   [maxSlots]int64
	deleted    int
}

// apply makes one call, and says what it has to answer.
func (u userModel) apply(c call) (userModel, answer) {
	s := &u.slots[c.slot]
	switch c.kind {
	case opGeneration:
		return u, answer{generation: u.generation}
	case opCreate:
		return u.create(c)
	case opFound:
		if s.state == slotNone {
			return u, answer{err: session.ErrUnknown}
		}
		s.found = true
	case opGet:
		return u, u.get(s)
	case opList:
		return u, u.list()
	case opUpdate:
		return u.update(c)
	case opTouch:
		if s.state == slotLive && s.found {
			s.last = max(s.last, c.at)
		}
	case opRevoke:
		return u.revoke(c.only)
	case opRevokeAll:
		u.generation++
		u, _ = u.revoke(allSlots) // how many, as far as they were counted
		return u, answer{generation: u.generation}
	case opRevokeRest:
		next, a := u.update(c)
		if a.err != nil {
			return u, a
		}
		next.generation++
		next, _ = next.revoke(allSlots &^ (1 << c.slot))
		return next, answer{generation: next.generation}
	case opErase:
		// In two steps: who reads meanwhile may see them over, but there.
		u.generation++
		u, _ = u.revoke(allSlots)
	case opDelete:
		return u.delete()
	}
	return u, answer{}
}

func (u userModel) create(c call) (userModel, answer) {
	switch s := &u.slots[c.slot]; {
	case s.state != slotNone:
		return u, answer{err: session.ErrExists}
	case c.generation != u.generation:
		return u, answer{err: session.ErrOutdated}
	default:
		*s = slot{state: slotLive, version: 1, found: c.atOnce}
		return u, answer{}
	}
}

func (u userModel) get(s *slot) answer {
	switch {
	case !s.found:
		return answer{err: session.ErrUnknown}
	case s.state == slotEnded:
		return answer{generation: u.generation}
	}
	return answer{generation: u.generation, live: true, version: s.version, name: s.name, last: s.last}
}

func (u userModel) list() (a answer) {
	for n, s := range u.slots {
		if s.state == slotLive {
			a.set |= 1 << n
			a.versions[n] = s.version
		}
	}
	return a
}

func (u userModel) update(c call) (userModel, answer) {
	switch s := &u.slots[c.slot]; {
	case !s.found:
		return u, answer{err: session.ErrUnknown}
	case s.state == slotEnded:
		return u, answer{err: session.ErrEnded}
	case s.version != c.version:
		return u, answer{err: session.ErrConflict}
	default:
		s.version++
		s.name = c.name
		return u, answer{}
	}
}

func (u userModel) revoke(only slots) (userModel, answer) {
	var a answer
	for n := range u.slots {
		if s := &u.slots[n]; only.has(n) && s.state == slotLive {
			s.state = slotEnded
			a.set |= 1 << n
		}
	}
	return u, a
}

func (u userModel) delete() (userModel, answer) {
	var a answer
	for _, s := range u.slots {
		if s.state != slotNone {
			a.deleted++
		}
	}
	return userModel{generation: u.generation}, a
}

// contract is what porcupine holds a history against. A call whose answer was
// lost may have had its effect at any time from then on, or never: nothing is
// known of its answer, and it ends after everything else.
var contract = porcupine.Model{
	Init: func() any { return userModel{} },
	Step: func(state, input, output any) (bool, any) {
		u, c, got := state.(userModel), input.(call), output.(answer)
		next, want := u.apply(c)
		if c.kind == opCreate && errors.Is(want.err, session.ErrExists) && errors.Is(got.err, session.ErrOutdated) {
			return c.generation != u.generation, u // both hold; either will do
		}
		return got.lost || got == want, next
	},
	DescribeOperation: func(input, output any) string { return describe(input.(call), output.(answer)) },
}

func describe(c call, a answer) string {
	text := string(c.kind)
	switch c.kind {
	case opRevoke:
		text += fmt.Sprintf(" %010b", c.only)
	case opCreate:
		text += fmt.Sprintf(" %d under %d", c.slot, c.generation)
	case opUpdate, opRevokeRest:
		text += fmt.Sprintf(" %d version %d", c.slot, c.version)
	case opTouch:
		text += fmt.Sprintf(" %d at %d", c.slot, c.at)
	case opGet, opFound:
		text += fmt.Sprintf(" %d", c.slot)
	}
	switch {
	case a.lost:
		return text + ": answer lost"
	case a.err != nil:
		return text + ": " + a.err.Error()
	case c.kind == opGet:
		return text + fmt.Sprintf(": live %v, version %d, name %d, last %d, generation %d", a.live, a.version, a.name, a.last, a.generation)
	case c.kind == opDelete:
		return text + fmt.Sprintf(": %d deleted", a.deleted)
	case c.kind == opGeneration, c.kind == opRevokeAll, c.kind == opRevokeRest:
		return text + fmt.Sprintf(": %d", a.generation)
	}
	return text + fmt.Sprintf(": %d of them %010b", bits.OnesCount16(uint16(a.set)), a.set)
}
