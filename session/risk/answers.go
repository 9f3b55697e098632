package risk

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/signedin/signedin/session"
)

var _ session.Learner = (*Assessor)(nil)

// keepDenied is how long it is remembered what was not the user. maxDenied of
// it leaves room for others in quarantine.
const (
	keepDenied = 90 * stampDay
	keepCopied = 30 * stampDay
	maxDenied  = 4
)

// Learn takes what a user says of a session. What was them is believed at once,
// and for 30 days, what looks wrong for the same reasons is no more than a notice.
// What was not is forgotten, together with all that was first learnt since, as
// far back as the last seven sign-ins; and for 90 days, what comes from its
// device or network is an alert. Where a copy of a session was refused, the network
// is distrusted for 30 days, unless it is one of the user's.
func (a *Assessor) Learn(_ context.Context, c session.Case, answer session.Answer) ([]byte, error) {
	if c.Session == nil {
		return nil, errNoSession
	}
	var p profile
	p.read(c.Profile)
	h := a.hasher(c.Session.UserID)
	first, last := h.observe(&c.Session.First), h.observe(&c.Session.Last)
	first.keys[traitDevice] = binary.BigEndian.Uint32(c.Session.DeviceKey[:])
	p.believe(stamp(minutes(c.Visit.At) / 60))
	switch answer {
	case session.AnswerConfirmed:
		p.confirm(&first, &last)
		p.settle(c.Session.OpenSignals(), stamp(minutes(c.Visit.At)/60))
	case session.AnswerDenied:
		p.deny(&first, &last, minutes(c.Since))
		p.answered = [maxAnswered]answered{} // who knows who gave them
	case session.AnswerCopied:
		attempt := h.observe(&c.Visit)
		p.distrust(&attempt, true)
	default:
		return nil, fmt.Errorf("risk: unknown answer %q", string(answer))
	}
	return p.encode(c.Profile), nil
}

// confirm believes what waits in quarantine of a session, and the network that
// it is on now.
func (p *profile) confirm(first, last *observation) {
	kept := 0
	for _, s := range p.suspects[:p.n] {
		switch {
		case s.denied && (s.isLike(first) || s.isLike(last)): // not any more
		case s.denied || !s.isOf(first) && !s.isOf(last):
			p.suspects[kept] = s
			kept++
		default:
			p.accept(&s)
			p.insist(&s)
		}
	}
	p.n = kept
	p.remember(last.suspect(false))
}

// insist counts a habit that the user has spoken for three times in all.
func (p *profile) insist(s *suspect) {
	if s.signIn && p.signIns > 1 {
		p.habits.addOutcome(s.outcome)
		p.habits.addOutcome(s.outcome)
	}
}

// isOf reports whether s is the visit o, or one like it in every way.
func (s *suspect) isOf(o *observation) bool {
	same := s.keys
	same[traitDevice] = o.keys[traitDevice]
	return same == o.keys
}

// deny forgets what a session has taught, and remembers that it was not the
// user.
func (p *profile) deny(first, last *observation, since uint32) {
	kept := 0
	for _, s := range p.suspects[:p.n] {
		if s.denied || !s.isOf(first) && !s.isOf(last) {
			p.suspects[kept] = s
			kept++
		}
	}
	p.n = kept
	p.forget(since)
	p.marks[traitDevice].drop(first.keys[traitDevice])
	if since > first.minute { // the sign-in was the user's, and so are its device and network
		p.forgetMove(first, last, since)
	} else {
		p.distrust(first, false)
	}
	p.distrust(last, false)
}

// forget drops what was first learnt in a sign-in since then, or after one.
func (p *profile) forget(since uint32) {
	from := p.rounds.since(since)
	if from == 0 {
		return
	}
	for t := range p.marks {
		p.marks[t].keep(func(m *mark) bool { return m.since() < from })
	}
	p.spots.keep(func(s *spot) bool { return s.since() < from })
	if dropped := uint16(p.rounds.n - int(from) + 1); p.signIns > dropped {
		p.signIns -= dropped
	} else {
		p.signIns = 1 // who has denied is judged from then on
	}
	p.rounds.n = int(from) - 1
	if p.last.at >= since {
		p.last = sighting{}
	}
}

// forgetMove drops what was first learnt of the latest visit of a session: a
// move begins no round, so what it taught is of the one that it came in.
func (p *profile) forgetMove(first, last *observation, since uint32) {
	in := p.rounds.during(since)
	for t, key := range last.keys {
		if m := p.marks[t].find(key); m != nil && m.since() == in && key != first.keys[t] {
			p.marks[t].drop(key)
		}
	}
	p.spots.keep(func(s *spot) bool {
		return s.since() != in || s.lat != last.place.lat || s.lon != last.place.lon || last.place == first.place
	})
}

// distrust remembers what of a denied visit is not the user's too: the device
// by its cookie, the network if it is not known from before. What was copied gives
// way to what the user said.
func (p *profile) distrust(o *observation, copied bool) {
	s := suspect{at: o.at, place: o.place, denied: true, copied: copied}
	s.keys[traitDevice] = o.keys[traitDevice]
	if !p.has(o, traitNetwork) {
		s.keys[traitNetwork] = o.keys[traitNetwork]
	}
	if s.keys == (keys{}) {
		return
	}
	oldest, n := -1, 0
	for i := range p.suspects[:p.n] {
		switch old := &p.suspects[i]; {
		case !old.denied:
			continue
		case old.keys == s.keys:
			old.at, old.copied = max(old.at, s.at), old.copied && copied
			return
		case copied && !old.copied:
		case oldest < 0 || old.at < p.suspects[oldest].at:
			oldest = i
		}
		n++
	}
	switch {
	case n == maxDenied && oldest < 0: // all of them the user has denied
	case n == maxDenied:
		p.suspects[oldest] = s
	case p.n < maxSuspects:
		p.suspects[p.n] = s
		p.n++
	default: // one that waits gives way, and is not believed
		p.suspects[slices.IndexFunc(p.suspects[:], func(o suspect) bool { return !o.denied })] = s
	}
}

// judgeDenied notes that the visit is like one that was not the user, or comes from
// where a copy was refused.
func (p *profile) judgeDenied(f *findings, o *observation) {
	copied := false
	for i := range p.suspects[:p.n] {
		switch s := &p.suspects[i]; {
		case !s.denied || !s.isLike(o):
		case s.copied:
			copied = true
		default:
			f.add(codeDenied, pointsDenied)
			return
		}
	}
	if copied {
		f.add(codeCopied, pointsCopied)
	}
}

// isLike reports whether o comes from the device or the network of s.
func (s *suspect) isLike(o *observation) bool {
	return s.keys[traitDevice] != 0 && s.keys[traitDevice] == o.keys[traitDevice] ||
		s.keys[traitNetwork] != 0 && s.keys[traitNetwork] == o.keys[traitNetwork]
}

// rounds are the times of the latest sign-ins that were learnt, in minutes since
// 1970.
type rounds struct {
	n   int
	all [maxRounds]uint32
}

func (r *rounds) now() round { return round(r.n) }

// since returns the first round that began then or later, 0 if there is none.
func (r *rounds) since(at uint32) round {
	for i, began := range r.all[:r.n] {
		if began >= at {
			return round(i + 1)
		}
	}
	return 0
}

// during returns the round that at is in.
func (r *rounds) during(at uint32) (in round) {
	for i, began := range r.all[:r.n] {
		if began <= at {
			in = round(i + 1)
		}
	}
	return in
}

// begin begins a round. The oldest is not told apart any more when there are
// too many.
func (p *profile) begin(at uint32) {
	r := &p.rounds
	if r.n == maxRounds {
		copy(r.all[:], r.all[1:])
		r.n--
		p.age()
	}
	r.all[r.n] = at
	r.n++
}

// age makes what was learnt in round 1 be known from before.
func (p *profile) age() {
	for t := range p.marks {
		m := &p.marks[t]
		for i := range m.all[:m.n] {
			m.all[i].age()
		}
	}
	for i := range p.spots.all[:p.spots.n] {
		p.spots.all[i].age()
	}
}
