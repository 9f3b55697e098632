package session

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// What was judged when the session was read is judged again by what was ended since;
// when that is more than is remembered, the answer is "not known", never "not ended".
func TestBumpsOvertake(t *testing.T) {
	alice := &Session{ID: ID{1}, UserID: "alice", Generations: Generations{User: 4, Global: 2}}
	for what, c := range map[string]struct {
		e    below
		want bool
	}{
		"all of hers":                   {below{user: "alice", gens: Generations{User: 5}}, true},
		"all of hers, counter not told": {below{user: "alice"}, true},
		"all but this one":              {below{user: "alice", keep: alice.ID, gens: Generations{User: 5}}, false},
		"those before it":               {below{user: "alice", gens: Generations{User: 4}}, false},
		"all of another":                {below{user: "bob", gens: Generations{User: 5}}, false},
		"everyone":                      {below{gens: Generations{Global: 3}}, true},
		"everyone, before it":           {below{gens: Generations{Global: 2}}, false},
	} {
		for _, before := range []int{0, 1, keptBumps} { // the ring has turned, or not
			for _, later := range []int{0, 1, keptBumps - 1, keptBumps} {
				var b bumps
				for range before {
					b.add(below{user: "alice", gens: Generations{User: 9}}) // heard before the read: counts no more
				}
				since := b.n.Load()
				if ended, known := b.overtook(since, alice); ended || !known {
					t.Errorf("nothing since: got %v, %v", ended, known)
				}
				b.add(c.e)
				for range later {
					b.add(below{user: "carol"})
				}
				ended, known := b.overtook(since, alice)
				if want := later < keptBumps; known != want || ended != (want && c.want) {
					t.Errorf("%s, after %d, %d more came: got ended %v, known %v", what, before, later, ended, known)
				}
			}
		}
	}
}

// What is stored of a user is read as far as it is whole, and no further.
func TestProfileDecode(t *testing.T) {
	var devices knownDevices
	for i := range maxKnownDevices {
		devices = append(devices, knownDevice{key: DeviceKey{byte(i + 1)}, first: 300, last: 20_000, family: [4]byte{1}, network: [4]byte{2}, country: [2]byte{'N', 'L'}})
	}
	for _, n := range []int{0, 1, maxKnownDevices} {
		for _, assessor := range []string{"", "habits"} {
			p := profile{devices: devices[:n], reviewed: 1_700_000_000, assessor: []byte(assessor)}
			blob := p.encode()
			same := func(what string, blob []byte, reviewed uint32) {
				t.Helper()
				var got profile
				if !got.decode(blob) || !slices.Equal(got.devices, p.devices) || got.reviewed != reviewed || string(got.assessor) != assessor {
					t.Errorf("%s of %d devices and %q: got %+v", what, n, assessor, got)
				}
			}
			same("version 2", blob, p.reviewed)
			same("version 1", append([]byte{1}, blob[5:]...), 0)
			for most := range 6 + n*knownDeviceLen {
				if new(profile).decode(blob[:most]) {
					t.Errorf("%d devices: the first %d of %d bytes were read", n, most, len(blob))
				}
			}
		}
	}
	over := profile{devices: append(slices.Clone(devices), devices[0])}
	for what, blob := range map[string][]byte{
		"nothing": nil, "version 1 alone": {1}, "version 3": append([]byte{3}, make([]byte, 40)...), "17 devices": over.encode(),
	} {
		if new(profile).decode(blob) {
			t.Errorf("%s was read", what)
		}
	}
}

// Devices are known for 400 days, and one like them for 90, to the day.
func TestKnownDevicesForSoLong(t *testing.T) {
	at := func(day int, key byte) knownDevice {
		return knownDevice{key: DeviceKey{key}, first: uint16(day), last: uint16(day), family: [4]byte{1}, country: [2]byte{'N', 'L'}}
	}
	for _, c := range []struct {
		days    int
		similar Familiarity
		kept    int
	}{{89, FamiliaritySimilar, 2}, {90, FamiliaritySimilar, 2}, {91, FamiliarityNew, 2}, {400, FamiliarityNew, 2}, {401, FamiliarityNew, 1}} {
		k, d := knownDevices{at(10_000, 1)}, at(10_000+c.days, 2)
		if got := k.familiarity(d); got != c.similar {
			t.Errorf("one like it %d days ago: got %q, want %q", c.days, got, c.similar)
		}
		if got := len(k.with(d)); got != c.kept {
			t.Errorf("%d days later %d are known, want %d", c.days, got, c.kept)
		}
	}
	var k knownDevices
	for i := range maxKnownDevices + 4 {
		k = k.with(at(10_000+i, byte(i+1)))
	}
	if len(k) != maxKnownDevices || k[0].key != (DeviceKey{maxKnownDevices + 4}) || k[len(k)-1].key != (DeviceKey{5}) {
		t.Errorf("got %d, want the latest %d", len(k), maxKnownDevices)
	}
}

// Of signals that say as much, the oldest give way; what is not answered stays before
// what says more but was answered.
func TestBoundSignals(t *testing.T) {
	s := &Session{ConfirmedAt: noon}
	add := func(code string, n int, level Level, at time.Time) {
		for i := range n {
			s.Signals = append(s.Signals, Signal{Code: code, Level: level, At: at.Add(time.Duration(i) * time.Second)})
		}
	}
	count := func(code string) (n int) {
		for _, g := range s.Signals {
			if g.Code == code {
				n++
			}
		}
		return n
	}
	add("answered", 2, LevelHigh, noon.Add(-time.Hour))
	add("notice", maxSignals-1, LevelNotice, noon.Add(time.Hour))
	add("alert", 2, LevelAlert, noon.Add(2*time.Hour))
	last := noon.Add(time.Hour).Add(time.Duration(maxSignals-2) * time.Second)
	s.boundSignals()
	if len(s.Signals) != maxSignals || count("answered") != 0 || count("alert") != 2 {
		t.Errorf("got %+v", s.Signals)
	}
	if g := s.Signals[maxSignals-3]; g.Code != "notice" || !g.At.Equal(last) {
		t.Errorf("the latest notice is gone, before older ones")
	}
	had := slices.Clone(s.Signals)
	if s.boundSignals(); len(s.Signals) != len(had) {
		t.Errorf("of %d, which may stay, %d did", len(had), len(s.Signals))
	}
}

// What is noted of copies is bounded, and told once a day; of wrong keys from the third on.
func TestUnprovedIsBounded(t *testing.T) {
	var u unproved
	id := func(i int) ID { return ID{byte(i), byte(i >> 8)} }
	for i := range maxUnproved {
		u.fail(id(i), noon)
	}
	u.fail(id(0), noon) // one that is known takes no room
	if !u.failedLately(id(1), noon.Add(excuse-time.Millisecond)) || u.failedLately(id(1), noon.Add(excuse)) {
		t.Errorf("%d are not remembered for %v", maxUnproved, excuse)
	}
	u.fail(id(maxUnproved), noon)
	if len(u.failed) > maxUnproved || !u.failedLately(id(maxUnproved), noon) {
		t.Errorf("got %d, at most %d", len(u.failed), maxUnproved)
	}
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {day - 1, false}, {day, true}, {day + 1, false}} {
		if got := u.isNews(id(1), noon.Add(c.after)); got != c.want {
			t.Errorf("a copy after %v: news %v", c.after, got)
		}
	}
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, false}, {1, false}, {2, true}, {day - 1, true}, {day, false}, {day + 1, false}, {day + 2, true}} {
		if got := u.isRepeated(id(1), noon.Add(c.after)); got != c.want {
			t.Errorf("a wrong key after %v: repeated %v", c.after, got)
		}
	}
}

// What is due is due to the moment.
func TestReviewToTheMoment(t *testing.T) {
	by := ID{1}
	visit := func(code string, at time.Time) Visit {
		v := Visit{At: at}
		v.Location.CountryCode = code
		return v
	}
	started := noon.Add(-200 * day)
	me := func(last time.Time) *Session {
		return &Session{ID: by, First: visit("NL", started), Last: visit("NL", last)}
	}
	other := func(code string, first, last time.Time) *Session {
		return &Session{ID: ID{2}, First: visit(code, first), Last: visit(code, last)}
	}
	changed := func(at time.Time) *Session {
		s := other("NL", started, at)
		s.Ended = &Ending{At: at, Reason: ReasonPasswordChanged, By: by.String()}
		return s
	}
	reviewed := func(at time.Time) profile { return profile{reviewed: uint32(at.Unix())} }
	long := noon.Add(-100 * day)
	for what, c := range map[string]struct {
		me         *Session
		live, over []*Session
		prof       profile
		want       ReviewReason
	}{
		"a password, a day ago":           {me(noon), nil, []*Session{changed(noon.Add(-day))}, profile{}, ReviewPassword},
		"a password, longer ago":          {me(noon), nil, []*Session{changed(noon.Add(-day - 1))}, reviewed(noon.Add(-day - time.Hour)), ReviewNone},
		"a password, before the review":   {me(noon), nil, []*Session{changed(noon.Add(-time.Hour))}, reviewed(noon.Add(-time.Hour)), ReviewNone},
		"reviewed 30 days ago":            {me(noon), []*Session{other("NL", started, noon)}, nil, reviewed(noon.Add(-30 * day)), ReviewMonthly},
		"reviewed less than 30 days ago":  {me(noon), []*Session{other("NL", started, noon)}, nil, reviewed(noon.Add(-30*day + time.Second)), ReviewNone},
		"idle for 30 days":                {me(noon), []*Session{other("NL", started, noon.Add(-30*day))}, nil, reviewed(long), ReviewMonthly},
		"idle for longer":                 {me(noon), []*Session{other("NL", started, noon.Add(-30*day-1))}, nil, reviewed(long), ReviewIdle},
		"a journey, home for a day":       {me(noon), []*Session{other("JP", noon.Add(-5*day), noon.Add(-day))}, nil, reviewed(long), ReviewTravel},
		"a journey, home for less":        {me(noon), []*Session{other("JP", noon.Add(-5*day), noon.Add(-day+1))}, nil, reviewed(long), ReviewMonthly},
		"a journey, not seen for a day":   {me(noon.Add(-day)), []*Session{other("JP", noon.Add(-5*day), noon.Add(-2*day))}, nil, reviewed(long), ReviewMonthly},
		"a journey, seen a moment before": {me(noon.Add(-day + 1)), []*Session{other("JP", noon.Add(-5*day), noon.Add(-2*day))}, nil, reviewed(long), ReviewTravel},
		"abroad before the review":        {me(noon), []*Session{other("JP", noon.Add(-105*day), noon.Add(-2*day))}, nil, reviewed(long), ReviewMonthly},
		"abroad before home":              {me(noon), []*Session{other("JP", started.Add(-day), noon.Add(-2*day))}, nil, profile{}, ReviewMonthly},
		"abroad when home was first seen": {me(noon), []*Session{other("JP", started, noon.Add(-2*day))}, nil, profile{}, ReviewMonthly},
		"alone":                           {me(noon), nil, nil, reviewed(long), ReviewNone},
	} {
		if got := due(c.me, append([]*Session{c.me}, c.live...), c.over, c.prof, noon); got.Reason != c.want {
			t.Errorf("%s: got %q, want %q", what, got.Reason, c.want)
		}
	}
}

// Watch mode counts what it has kept from being told, and what it has not.
func TestWatchModeCounts(t *testing.T) {
	for what, c := range map[string]struct {
		e                          Event
		held, high, signIns, moves int64
	}{
		"a sign-in":              {Event{Kind: EventStarted}, 0, 0, 1, 0},
		"an unusual sign-in":     {Event{Kind: EventStarted, Verdict: &Verdict{Level: LevelNotice}}, 1, 0, 1, 0},
		"an alarming sign-in":    {Event{Kind: EventStarted, Verdict: &Verdict{Level: LevelHigh}}, 0, 1, 1, 0},
		"one that is only known": {Event{Kind: EventStarted, Verdict: &Verdict{}}, 0, 0, 1, 0},
		"a move":                 {Event{Kind: EventMoved}, 0, 0, 0, 1},
		"an unusual move":        {Event{Kind: EventMoved, Verdict: &Verdict{Level: LevelNotice}}, 0, 0, 0, 1},
		"a move to tell of":      {Event{Kind: EventMoved, Verdict: &Verdict{Level: LevelAlert}}, 1, 0, 0, 1},
		"an alarming move":       {Event{Kind: EventMoved, Verdict: &Verdict{Level: LevelHigh}}, 0, 1, 0, 1},
	} {
		var w watchMode
		w.count(&c.e)
		if w.held.Load() != c.held || w.high.Load() != c.high || w.signIns.Load() != c.signIns || w.moves.Load() != c.moves {
			t.Errorf("%s: held %d, told %d, sign-ins %d, moves %d", what, w.held.Load(), w.high.Load(), w.signIns.Load(), w.moves.Load())
		}
	}
	var w watchMode
	w.set(WatchMode{Since: noon, Until: noon.Add(day)}, noon)
	for _, c := range []struct {
		after time.Duration
		fresh bool
	}{{0, true}, {watchCheck - 1, true}, {watchCheck, false}, {day - 1, false}, {day, true}} {
		if _, fresh := w.get(noon.Add(c.after)); fresh != c.fresh {
			t.Errorf("after %v: fresh %v", c.after, fresh)
		}
	}
}

// Limits are written in the largest unit that has no rest.
func TestLimitsInWords(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "never", 0: "0s", 90 * time.Second: "1m30s", time.Hour: "1 h", 90 * time.Minute: "1h30m0s",
		23 * time.Hour: "23 h", day: "1 d", 36 * time.Hour: "36 h", 30 * day: "30 d",
	} {
		if got := human(d); got != want {
			t.Errorf("%d: got %q, want %q", d, got, want)
		}
	}
	for preset, want := range map[Preset]Limits{
		PresetAAL3:      {Idle: 15 * time.Minute, Absolute: 12 * time.Hour, Rotation: 15 * time.Minute, StepUp: 5 * time.Minute},
		PresetHighValue: {Idle: 5 * time.Minute, Absolute: 8 * time.Hour, Rotation: 15 * time.Minute, StepUp: 2 * time.Minute},
	} {
		if got, err := preset.Limits(); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", preset, got, err, want)
		}
	}
	standard, err := PresetStandard.Limits()
	if words := standard.Describe(); err != nil || strings.Contains(words, "deviates") {
		t.Errorf("30 days are what AAL1 asks: got %v\n%s", err, words)
	}
	for ahead, want := range map[time.Duration]string{90 * time.Second: "1m30s ahead of", -90 * time.Second: "1m30s behind"} {
		if got := (&ClockError{ahead}).Error(); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Devices and names are compared whole.
func TestNamesOfSignIns(t *testing.T) {
	if i := (Issued{}); !i.IsZero() {
		t.Error("nothing names something")
	}
	for _, i := range []Issued{{Issuer: "i"}, {Subject: "s"}, {SID: "s"}} {
		if i.IsZero() {
			t.Errorf("%+v names nothing", i)
		}
	}
	a, b := issuerKey("sub", "ab", "c"), issuerKey("sub", "a", "bc")
	if bytes.Equal(a[:], b[:]) {
		t.Error("two subjects have one key")
	}
}
