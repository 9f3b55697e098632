package activity

import (
	"encoding/base64"
	"encoding/binary"
	"testing"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// What a user has asked for is done once: the nonce of it is used up for as long as it
// would be good, and is not kept for longer.
func TestIntentIsTakenOnce(t *testing.T) {
	var u used
	for _, c := range []struct {
		nonce string
		after time.Duration
		want  bool
	}{
		{"a", 0, true}, {"a", 0, false}, {"", 0, false}, {"b", time.Second, true}, {"a", intentLife, false}, {"b", intentLife, false}, {"b", intentLife + time.Second, false},
	} {
		if got := u.take(c.nonce, noon.Add(c.after)); got != c.want {
			t.Errorf("%q after %v: taken %v, want %v", c.nonce, c.after, got, c.want)
		}
	}
	if u.giveBack("b"); !u.take("b", noon.Add(time.Second)) {
		t.Error("what came to nothing cannot be tried again")
	}
	if u.take("c", noon.Add(3*intentLife)); len(u.all) != 1 {
		t.Errorf("%d are kept, want that of now", len(u.all))
	}
}

// Who closes a page may open another one.
func TestStreamsAreGivenBack(t *testing.T) {
	var s streams
	for range 3 {
		for n := range maxStreams + 1 {
			if got := s.enter("alice"); got != (n < maxStreams) {
				t.Fatalf("number %d: let in %v", n+1, got)
			}
		}
		if !s.enter("bob") {
			t.Error("bob has to wait for alice")
		}
		s.leave("bob")
		for range maxStreams {
			s.leave("alice")
		}
	}
	if len(s.n) != 0 {
		t.Errorf("kept of nobody: %v", s.n)
	}
}

// A cursor is of a time that there is.
func TestCursorOfNoTime(t *testing.T) {
	at := func(when time.Time) string {
		return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(make([]byte, 16), uint64(when.UnixMilli())))
	}
	for when, want := range map[time.Time]bool{
		time.UnixMilli(-1): false, time.UnixMilli(0): true, noon: true,
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC): true, time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC): false,
	} {
		if c, err := parseCursor(at(when)); (err == nil) != want || err == nil && !c.StartedAt.Equal(when) {
			t.Errorf("%v: got %v, %v", when, c, err)
		}
	}
}

// Rows are numbered as they come, and no two are called the same.
func TestRowsAreTold(t *testing.T) {
	rows := func(labels ...string) (out []row) {
		for _, l := range labels {
			out = append(out, row{Label: l})
		}
		return out
	}
	v := &view{Current: rows("Laptop"), Ended: rows("Laptop", "Phone")}
	v.Flagged = rows("Laptop", "Phone", "Laptop")
	v.unique()
	seen, n := make(map[string]bool), 0
	v.each(func(r *row) {
		if n++; r.N != n || seen[r.Label] {
			t.Errorf("row %d: got number %d, %q", n, r.N, r.Label)
		}
		seen[r.Label] = true
	})
	if n != 4 || v.Ended[0].N != 5 || v.Ended[1].N != 6 || v.Ended[0].Label != "Laptop" {
		t.Errorf("got %d rows, then %+v", n, v.Ended)
	}
	if v.Flagged[0].Label != v.say("twin", "Laptop", 2) || v.Flagged[2].Label != v.say("twin", "Laptop", 3) {
		t.Errorf("got %q and %q", v.Flagged[0].Label, v.Flagged[2].Label)
	}
}

// What is said of a session is at its row, or if it is over above the first that was
// used less recently, of its kind.
func TestSpot(t *testing.T) {
	s := func(id byte, carrier session.Carrier, at time.Time) *session.Session {
		s := &session.Session{ID: session.ID{id}, Carrier: carrier}
		s.Last.At = at
		return s
	}
	me := s(1, session.CarrierCookie, noon)
	odd, newer, older, oldest := s(2, session.CarrierCookie, noon.Add(-9*time.Hour)), s(3, session.CarrierCookie, noon.Add(-time.Hour)), s(4, session.CarrierCookie, noon.Add(-3*time.Hour)), s(5, session.CarrierCookie, noon.Add(-5*time.Hour))
	of := func(s *session.Session) row { return row{ID: s.ID, of: s} }
	v := &view{Current: []row{of(me)}, Flagged: []row{of(odd), of(newer), of(older), of(oldest)}}
	v.Current[0].Current, v.Flagged[0].Look = true, true
	ended := func(at time.Time) *session.Session {
		s := s(9, session.CarrierCookie, at)
		s.Ended = &session.Ending{At: at}
		return s
	}
	for what, c := range map[string]struct {
		of   *session.Session
		want session.ID
	}{
		"a live one": {older, older.ID}, "the one that looks odd": {odd, odd.ID}, "this one": {me, me.ID},
		"one that ended": {ended(noon.Add(-2 * time.Hour)), older.ID}, "one that ended lately": {ended(noon), newer.ID},
		"one used when another was": {ended(noon.Add(-3 * time.Hour)), oldest.ID},
		"the oldest, which ended":   {ended(noon.Add(-8 * time.Hour)), session.ID{}}, "one that is not there": {s(8, session.CarrierCookie, noon), session.ID{}}, "none": {nil, session.ID{}},
	} {
		var got session.ID
		if at := v.spot(c.of); at != nil {
			got = at.ID
		}
		if got != c.want {
			t.Errorf("%s: at %v, want %v", what, got, c.want)
		}
	}
}

// A style or script loses its indentation and its comments, and nothing else.
func TestCompact(t *testing.T) {
	if got, want := compact("a {\n\t// why\n\n\tb: c; // d\n}\n  //e\n"), "a {\nb: c; // d\n}\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// In no language, a place is called what it calls itself.
func TestPlaceInNoLanguage(t *testing.T) {
	var w words
	l := geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL", City: "Utrecht", Network: geo.KindHosting}
	if got := w.label(l); got != l.Label() {
		t.Errorf("got %q, want %q", got, l.Label())
	}
}

// What looked unusual fades, and so does that a device is new; to the moment.
func TestQuestionsFade(t *testing.T) {
	me := &session.Session{ID: session.ID{1}, UserID: "alice"}
	me.First.At = noon.Add(-300 * 24 * time.Hour)
	me.AuthenticatedAt = me.First.At
	s := &session.Session{ID: session.ID{2}, UserID: "alice", Familiarity: session.FamiliarityNew}
	s.First.At, s.Last.At = noon, noon
	for after, want := range map[time.Duration]bool{0: true, fade - 1: true, fade: false} {
		if q := ask(s, me, noon.Add(after)); q.newDevice != want || q.mayDeny != want || q.needsLook() {
			t.Errorf("new, after %v: got %+v", after, q)
		}
	}
	s.Signals = []session.Signal{{Code: "country.new", Level: session.LevelNotice, At: noon}}
	for after, want := range map[time.Duration]bool{0: true, fade - 1: true, fade: false} {
		if q := ask(s, me, noon.Add(after)); q.needsLook() != want {
			t.Errorf("unusual, after %v: got %+v", after, q)
		}
	}
	device := question{badges: []string{badgeDevice}, mayDeny: true}
	for level, want := range map[session.Level]bool{session.LevelNone: false, session.LevelNotice: true, session.LevelAlert: true} {
		if device.signals = []session.Signal{{Level: level}}; device.needsLook() != want {
			t.Errorf("a new device at level %d: needs a look %v", level, !want)
		}
	}
}
