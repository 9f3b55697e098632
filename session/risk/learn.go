package risk

import "time"

// settled is how many sign-ins it takes to know a user, at first and again
// after a long absence.
const (
	settled = 3
	away    = 90 * stampDay
	minAge  = 5 * stampDay
	// maxSkew is by how many minutes a visit may come after a later one. Beyond
	// it, the clock had jumped.
	maxSkew = 24 * 60
)

// learn remembers a visit that is believed.
func (p *profile) learn(o *observation, signIn bool) {
	p.prune(o)
	if signIn && p.signIns > 0 {
		p.habits.addOutcome(p.outcome(o))
	}
	if signIn {
		p.begin(o.minute)
	}
	p.remember(o.suspect(signIn))
	if signIn {
		p.since = min(p.since+1, settled)
	}
	p.hours.add(o.at)
	seen := sighting{o.minute, o.place, hidesPlace(o.kind), o.country, townOf(o.city)}
	if p.last.before(seen) || p.last.at > seen.at+maxSkew {
		p.last = seen
	}
}

// suspect is what is to be learnt of o.
func (o *observation) suspect(signIn bool) suspect {
	return suspect{keys: o.keys, place: o.place, at: o.at, signIn: signIn, hosting: o.isHosting()}
}

// remember adds what is said of a visit to all that is known.
func (p *profile) remember(s suspect) {
	since := p.rounds.now()
	for t, key := range s.keys {
		p.marks[t].add(key, s.at, since, bounds[t])
	}
	p.spots.add(s.place, s.at, since)
	if p.first == 0 {
		p.first = s.at
	}
	if !s.signIn {
		p.habits.moves.add(s.hosting)
		return
	}
	p.habits.signIns.add(s.hosting)
	p.signIns += min(1, ^p.signIns)
}

// prune forgets what was long unused at the visit before this one: a clock
// that jumps ahead must not empty the profile at once.
func (p *profile) prune(o *observation) {
	last := min(o.minute, p.last.at) / 60
	if stamp(last) <= keepMarks {
		return
	}
	since := stamp(last) - keepMarks
	for t := range p.marks {
		p.marks[t].prune(since)
	}
	p.spots.prune(since)
}

// doubt puts a visit that looked wrong into quarantine. One that is there
// already does not wait longer for being seen again; the latest that comes
// when all places are taken replaces the one that has waited least, so that
// nobody can push out what is older.
func (p *profile) doubt(o *observation, f *findings, signIn bool) {
	s := o.suspect(signIn)
	s.outcome, s.passing = p.outcome(o), uint8(min(f.passing(), 255))
	youngest := -1
	for i := range p.suspects[:p.n] {
		old := &p.suspects[i]
		if old.keys == s.keys {
			return
		}
		if !old.denied && (youngest < 0 || old.at > p.suspects[youngest].at) {
			youngest = i
		}
	}
	switch {
	case p.n < maxSuspects:
		p.suspects[p.n] = s
		p.n++
	case youngest >= 0:
		p.suspects[youngest] = s
	}
}

// believe learns what has been in quarantine long enough.
func (p *profile) believe(now stamp) {
	const wait = stamp(quarantine / time.Hour)
	kept := 0
	for _, s := range p.suspects[:p.n] {
		waiting := wait
		switch {
		case s.copied:
			waiting = keepCopied
		case s.denied:
			waiting = keepDenied
		}
		if now.since(s.at) < waiting {
			p.suspects[kept] = s
			kept++
			continue
		}
		if !s.denied {
			p.accept(&s)
		}
	}
	p.n = kept
}

// accept learns a visit that was in quarantine.
func (p *profile) accept(s *suspect) {
	if s.signIn && p.signIns > 0 {
		p.habits.addOutcome(s.outcome)
	}
	if s.signIn {
		p.begin(uint32(s.at)*60 + 59) // it was in this hour
	}
	p.remember(*s)
}

// welcome notes that the user comes back after a long absence: it takes two
// sign-ins to be settled again.
func (p *profile) welcome(now stamp) {
	if p.last.at > 0 && now.since(stamp(p.last.at/60)) > away {
		p.since = min(p.since, settled-2)
	}
}

// cut shortens s to at most n bytes of whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
