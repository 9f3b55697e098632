package risk

// A trait is a kind of thing by which a visit is recognised.
type trait int

const (
	traitDevice   trait = iota // the device's cookie
	traitNetwork               // the /24 or /64
	traitProvider              // the autonomous system
	traitCountry
	traitFamily // browser, system and kind of device together
	traitSystem
	traitBrowser
	traits
)

// bounds says how many things of each trait are remembered.
var bounds = [traits]int{16, 24, 16, 12, 16, 8, 8}

// keys are the traits of one visit, hashed; 0 is not known.
type keys [traits]uint32

// A stamp counts hours since 1970. What happened in the same hour has no
// order.
type stamp uint32

// A round is the sign-in since which something is known, of the latest few; 0
// is before all of them.
type round uint8

const (
	maxRounds = 7  // three bits
	stampBits = 21 // enough until the year 2209

	stampDay  stamp = 24
	keepMarks       = 180 * stampDay
)

// since returns the hours from b to s, 0 if s is before b.
func (s stamp) since(b stamp) stamp { return s - min(s, b) }

// seen says when something was seen last, and since when, in the bits that a stamp leaves
// free.
type seen uint32

func seenAt(at stamp, since round) seen { return seen(at) | seen(since)<<stampBits }

func (s seen) at() stamp    { return stamp(s) & (1<<stampBits - 1) }
func (s seen) since() round { return round(s >> stampBits) }

// again notes that it was seen at another time too.
func (s *seen) again(at stamp) { *s = seenAt(max(s.at(), at), s.since()) }

// age makes what is known since round 1 be known from before.
func (s *seen) age() { *s -= min(*s>>stampBits, 1) << stampBits }

// mark is one thing that was seen.
type mark struct {
	key uint32
	seen
}

// marks are the latest things of one trait.
type marks struct {
	n   int
	all [24]mark
}

func (m *marks) find(key uint32) *mark {
	if key == 0 {
		return nil
	}
	for i := range m.all[:m.n] {
		if m.all[i].key == key {
			return &m.all[i]
		}
	}
	return nil
}

func (m *marks) has(key uint32) bool { return m.find(key) != nil }

// add remembers key. Beyond the bound, the longest unused gives way, whatever
// the order in which they came.
func (m *marks) add(key uint32, at stamp, since round, bound int) {
	if key == 0 {
		return
	}
	if old := m.find(key); old != nil {
		old.again(at)
		return
	}
	if m.n < bound {
		m.all[m.n] = mark{key, seenAt(at, since)}
		m.n++
		return
	}
	oldest := &m.all[0]
	for i := range m.all[:m.n] {
		if o := &m.all[i]; o.at() < oldest.at() || o.at() == oldest.at() && o.key < oldest.key {
			oldest = o
		}
	}
	if at > oldest.at() || at == oldest.at() && key > oldest.key {
		*oldest = mark{key, seenAt(at, since)}
	}
}

// prune forgets what was not seen since a time.
func (m *marks) prune(since stamp) {
	m.keep(func(o *mark) bool { return o.at() >= since })
}

// drop forgets key.
func (m *marks) drop(key uint32) {
	m.keep(func(o *mark) bool { return o.key != key })
}

func (m *marks) keep(wanted func(*mark) bool) { m.n = keep(m.all[:m.n], wanted) }

// keep moves what is wanted of all to the front, and returns how many that is.
func keep[T any](all []T, wanted func(*T) bool) (n int) {
	for i := range all {
		if !wanted(&all[i]) {
			continue
		}
		if n < i {
			all[n] = all[i]
		}
		n++
	}
	return n
}
