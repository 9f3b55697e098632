package risk_test

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

// answer tells the Assessor what the user says of s.
func (u *user) answer(t *testing.T, s *session.Session, a session.Answer, since, now time.Time) {
	t.Helper()
	c := session.Case{SignIn: true, Session: s, Visit: s.Last, Since: since, Profile: u.profile}
	c.Visit.At = now
	var err error
	if u.profile, err = u.Learn(t.Context(), c, a); err != nil {
		t.Fatal(err)
	}
	if a == session.AnswerDenied {
		delete(u.known, s.DeviceKey)
	}
}

// knows returns what is found of sign-ins from every corner of the world, the
// lines of evidence that depend on what was learnt.
func (u *user) knows(t *testing.T, when time.Time) (all [][]string) {
	t.Helper()
	for i := range worldPlaces {
		for _, d := range worldDevices {
			for key := range byte(5) {
				lines, err := u.Explain(t.Context(), u.signInCase(signIn{
					at: when, ip: []string{"81.184.0.20", "82.184.0.20", "83.184.1.20", "81.166.10.20"}[i%4], where: &worldPlaces[i], what: &d, key: key}))
				if err != nil {
					t.Fatal(err)
				}
				var codes []string
				for _, l := range lines {
					if l.Code != "answer.denied" && l.Code != "hour.unusual" {
						codes = append(codes, l.Code)
					}
				}
				all = append(all, codes)
			}
		}
	}
	return all
}

var abroad = signIn{at: start.Add(9 * day), ip: "93.184.10.20", where: &tokyo, what: &phone, key: 9}

func TestConfirmedIsBelievedAtOnce(t *testing.T) {
	u := settled(t, risk.Config{})
	s, v := u.signIn(t, abroad)
	if v.Level < session.LevelAlert || !v.Provisional {
		t.Fatalf("level %d, provisional %v", v.Level, v.Provisional)
	}
	again := abroad
	again.at = again.at.Add(day)
	if got := u.assess(t, u.signInCase(again)).Level; got < session.LevelAlert {
		t.Fatalf("not confirmed: level %d", got)
	}
	u.answer(t, s, session.AnswerConfirmed, s.First.At, abroad.at.Add(time.Hour))
	if got := u.assess(t, u.signInCase(again)); got.Level != session.LevelNone {
		t.Errorf("confirmed: level %d, %v", got.Level, codes(got))
	}
}

// What a session teaches that is denied later is forgotten, and nothing else
// is: neither what was known before, nor what was seen again since.
func TestDeniedForgetsWhatWasLearntSince(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for i := range 60 {
		u, now := randomUser(t, r, func(signIn, session.Verdict) {})
		now = now.Add(10 * day)
		u.signIn(t, signIn{at: now, key: 1, methods: []string{"hwk"}}) // what waited is believed by now
		now = now.Add(time.Hour)
		probe := now.Add(12 * time.Hour)
		before := u.knows(t, probe)
		stranger := randomSignIn(r, now)
		stranger.methods = []string{"hwk"} // so that it is learnt at once
		s, _ := u.signIn(t, stranger)
		for range r.IntN(3) { // the user goes on where they were
			now = now.Add(time.Hour)
			u.signIn(t, signIn{at: now, key: 1, methods: []string{"hwk"}})
		}
		if s.DeviceKey[0] < 5 { // a device that is known from before is distrusted too
			s.DeviceKey[0] = 200
		}
		u.answer(t, s, session.AnswerDenied, s.First.At, now.Add(time.Hour))
		after := u.knows(t, probe)
		for k := range before {
			a, b := unsettled(before[k]), unsettled(after[k])
			if !slices.Equal(a, b) {
				t.Fatalf("user %d, %+v: probe %d finds %v, found %v before", i, stranger, k, b, a)
			}
		}
	}
}

// unsettled leaves out what counts sign-ins or looks at the latest visit, and
// the countries by time.
func unsettled(codes []string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(c string) bool {
		return slices.Contains([]string{"history.short", "travel.impossible", "countries.simultaneous"}, c)
	})
}

func TestDeniedStaysSuspect(t *testing.T) {
	u := settled(t, risk.Config{})
	s, _ := u.signIn(t, abroad)
	u.answer(t, s, session.AnswerDenied, s.First.At, abroad.at.Add(time.Hour))
	again := signIn{at: abroad.at.Add(30 * day), ip: abroad.ip, where: &bergen}
	got := u.assess(t, u.signInCase(again))
	if got.Level < session.LevelAlert || !slices.Contains(codes(got), "answer.denied") {
		t.Errorf("from the network: level %d, %v", got.Level, codes(got))
	}
	again = signIn{at: abroad.at.Add(30 * day), key: 9}
	if got := u.assess(t, u.signInCase(again)); !slices.Contains(codes(got), "answer.denied") {
		t.Errorf("from the device: %v", codes(got))
	}
	// Until the user says of another one there that it was them.
	u2 := *u
	mine, _ := u2.signIn(t, signIn{at: abroad.at.Add(day), ip: abroad.ip, where: &bergen, key: 1})
	u2.answer(t, mine, session.AnswerConfirmed, mine.First.At, mine.First.At.Add(time.Hour))
	if got := u2.assess(t, u2.signInCase(signIn{at: abroad.at.Add(2 * day), ip: abroad.ip, where: &bergen})); slices.Contains(codes(got), "answer.denied") {
		t.Errorf("confirmed since: %v", codes(got))
	}
	again.at = abroad.at.Add(91 * day)
	if got := u.assess(t, u.signInCase(again)); slices.Contains(codes(got), "answer.denied") {
		t.Errorf("after 91 days: %v", codes(got))
	}
	if got := u.assess(t, u.signInCase(signIn{key: 1})); got.Level != session.LevelNone {
		t.Errorf("at home: level %d, %v", got.Level, codes(got))
	}
}

// The user's own network is not held against them because a stranger was there
// too, and neither is the device that the cookie was stolen from; but what the
// thief was taken for is forgotten.
func TestDeniedMove(t *testing.T) {
	u := settled(t, risk.Config{})
	s, _ := u.signIn(t, signIn{at: start.Add(9 * day), key: 1})
	moved := session.Visit{At: start.Add(10 * day), IP: s.First.IP, Location: s.First.Location, Device: phone}
	moved.Location.City, moved.Location.Network = "Kyiv", geo.KindResidential
	u.move(t, s, moved)
	u.answer(t, s, session.AnswerDenied, moved.At, moved.At.Add(time.Hour))
	c := u.signInCase(signIn{at: start.Add(11 * day), key: 2})
	lines, err := u.Explain(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if l.Code == "answer.denied" {
			t.Error("the home network is held against its user")
		}
	}
	friend := signIn{at: start.Add(11 * day), key: 1, ip: "81.200.1.1", where: &bergenRival}
	if got := u.assess(t, u.signInCase(friend)); slices.Contains(codes(got), "answer.denied") {
		t.Errorf("the user's own device elsewhere: %v", codes(got))
	}
}

// What a thief's quiet move has taught is forgotten when it is denied, though no
// sign-in came with it.
func TestDeniedMoveIsForgotten(t *testing.T) {
	u := settled(t, risk.Config{})
	s, _ := u.signIn(t, signIn{at: start.Add(9 * day), key: 1})
	thief := s.Last
	thief.At, thief.IP, thief.Location = start.Add(10*day), netip.MustParseAddr("93.199.1.1"), lisbonHotel
	probe := u.signInCase(signIn{at: start.Add(13 * day), ip: "93.200.1.1", where: &lisbonHotel, what: &linux, key: 77})
	before := u.sum(t, probe)
	if got := u.move(t, s, thief).Level; got >= session.LevelAlert {
		t.Fatalf("level %d: it teaches nothing", got)
	}
	if probe.Profile = u.profile; u.sum(t, probe) >= before {
		t.Fatal("the move taught nothing")
	}
	u.answer(t, s, session.AnswerDenied, thief.At, thief.At.Add(time.Hour))
	if probe.Profile = u.profile; u.sum(t, probe) < before {
		t.Errorf("got %d points, %d before the theft", u.sum(t, probe), before)
	}
	if got := u.assess(t, u.signInCase(signIn{at: start.Add(13 * day), key: 1})); got.Level != session.LevelNone {
		t.Errorf("at home: level %d, %v", got.Level, codes(got))
	}
}

// A denial is kept when quarantine is full.
func TestDeniedFromFullQuarantine(t *testing.T) {
	u := settled(t, risk.Config{})
	for i := range byte(8) {
		u.signIn(t, signIn{at: start.Add(9*day + time.Duration(i)*time.Hour), ip: netip.AddrFrom4([4]byte{95, 1, i, 1}).String(), where: &frankfurtVPN, what: &linux, key: 100 + i})
	}
	s, _ := u.signIn(t, signIn{at: start.Add(9*day + 9*time.Hour), ip: "95.1.9.1", where: &frankfurtVPN, what: &linux, key: 66})
	s.Last.IP, s.Last.Network = netip.MustParseAddr("95.1.77.1"), netip.MustParsePrefix("95.1.77.0/24")
	u.answer(t, s, session.AnswerDenied, s.First.At, start.Add(10*day))
	for _, in := range []signIn{{ip: "95.1.9.1"}, {ip: "95.1.77.1"}, {ip: "99.9.9.9", key: 66}} {
		in.at, in.where, in.what = start.Add(11*day), &bergenRival, &linux
		if got := u.assess(t, u.signInCase(in)); !slices.Contains(codes(got), "answer.denied") {
			t.Errorf("from %s: %v", in.ip, codes(got))
		}
	}
}

// What the user has spoken for is no alert for the same reasons again, for a
// month; for others it is.
func TestConfirmedReasonsAreNoAlert(t *testing.T) {
	u := settled(t, risk.Config{})
	exit := func(n byte, at time.Time) signIn {
		where := frankfurtVPN
		where.City, where.CountryCode, where.ASN = "Paris", "FR", 500+uint32(n)
		return signIn{at: at, ip: netip.AddrFrom4([4]byte{94, n, 1, 1}).String(), where: &where, what: &phone}
	}
	s, v := u.signIn(t, signIn{at: start.Add(9 * day), ip: "93.184.1.1", where: &frankfurtVPN, what: &phone})
	if v.Level < session.LevelAlert {
		t.Fatalf("level %d", v.Level)
	}
	u.answer(t, s, session.AnswerConfirmed, s.First.At, s.First.At.Add(time.Hour))
	for _, c := range []struct {
		days    time.Duration
		failed  int
		what    *device.Device
		isAlert bool
	}{{10, 0, &phone, false}, {10, 5, &phone, true}, {38, 0, &phone, false}, {40, 0, &phone, true}} {
		in := exit(byte(c.days), start.Add(c.days*day))
		in.what = c.what
		for range c.failed {
			u.Failed("alice", in.at)
		}
		if got := u.assess(t, u.signInCase(in)); (got.Level >= session.LevelAlert) != c.isAlert || got.Provisional != c.isAlert || got.Level == session.LevelNone {
			t.Errorf("after %d days, %d wrong passwords: level %d, %v", c.days, c.failed, got.Level, codes(got))
		}
	}
}

// Nobody fills a profile by denying, and what waits in quarantine has room.
func TestDeniedIsBounded(t *testing.T) {
	u := settled(t, risk.Config{})
	for i := range 30 {
		s := abroad
		s.at, s.key = abroad.at.Add(time.Duration(i)*time.Hour), byte(10+i)
		denied, _ := u.signIn(t, s)
		u.answer(t, denied, session.AnswerDenied, s.at, s.at.Add(time.Minute))
		if len(u.profile) > risk.MaxEncoded {
			t.Fatalf("%d bytes", len(u.profile))
		}
	}
	waits, v := u.signIn(t, signIn{at: abroad.at.Add(2 * day), ip: "95.184.10.20", where: &lisbonHotel, what: &linux, key: 60})
	if !v.Provisional {
		t.Fatalf("level %d", v.Level)
	}
	u.answer(t, waits, session.AnswerConfirmed, waits.First.At, waits.First.At.Add(time.Hour))
	again := signIn{at: abroad.at.Add(3 * day), ip: "95.184.10.20", where: &lisbonHotel, what: &linux, key: 60}
	if got := u.assess(t, u.signInCase(again)).Level; got != session.LevelNone {
		t.Errorf("level %d", got)
	}
}

// The Manager finds the Learner.
func TestManagerTells(t *testing.T) {
	a, err := risk.New(risk.Config{})
	if err != nil {
		t.Fatal(err)
	}
	now := start
	manager, err := session.New(memstore.New(), session.Config{
		Assessor: a, ProfileKeys: session.NewKeys([]byte("a key for this test, 32 bytes or more")), Now: func() time.Time { return now },
		Locator: geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
			if ip.String() == abroad.ip {
				return tokyo, nil
			}
			return bergen, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	enter := func(ip string) *session.Session {
		t.Helper()
		now = now.Add(time.Hour)
		ticket, err := manager.BeginSignIn(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := manager.Start(t.Context(), ticket, session.Origin{IP: netip.MustParseAddr(ip)}, session.StartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := enter("81.166.10.20")
	strange := enter(abroad.ip)
	if again := enter(abroad.ip); !strange.Provisional || !again.Provisional {
		t.Fatal("a new country is not doubted")
	}
	if _, err := manager.Confirm(t.Context(), "alice", strange.ID, first.ID); err != nil {
		t.Fatal(err)
	}
	confirmed := enter(abroad.ip)
	if confirmed.Provisional {
		t.Fatalf("doubted though it was confirmed: %v", confirmed.Signals)
	}
	if err := manager.Deny(t.Context(), "alice", confirmed.ID, first.ID); err != nil {
		t.Fatal(err)
	}
	if s := enter("81.166.10.20"); s.Provisional {
		t.Errorf("home is doubted: %v", s.Signals)
	}
}

func TestLearnRefuses(t *testing.T) {
	u := settled(t, risk.Config{})
	if _, err := u.Learn(t.Context(), u.signInCase(signIn{}), "maybe"); err == nil {
		t.Error("an unknown answer: no error")
	}
	if _, err := u.Learn(t.Context(), session.Case{}, session.AnswerDenied); err == nil {
		t.Error("no session: no error")
	}
}

// A stolen session that was noticed teaches nothing by going on quietly, until
// its user has proved who they are.
func TestAlertTeachesNothing(t *testing.T) {
	for _, proved := range []bool{false, true} {
		u := settled(t, risk.Config{})
		s, _ := u.signIn(t, signIn{key: 1})
		thief := session.Visit{At: s.First.At.Add(time.Hour), IP: netip.MustParseAddr("82.184.10.20"), Location: bergenRival, Device: linux}
		if got := u.move(t, s, thief).Level; got < session.LevelAlert {
			t.Fatalf("the theft: level %d", got)
		}
		if proved {
			s.AuthenticatedAt = thief.At.Add(time.Minute)
		}
		password := u.signInCase(signIn{at: thief.At.Add(day), ip: "82.185.10.20", where: &bergenRival, what: &linux})
		before := u.sum(t, password)
		thief.At, thief.IP = thief.At.Add(time.Hour), netip.MustParseAddr("82.185.10.20")
		if got := u.move(t, s, thief).Level; got >= session.LevelAlert {
			t.Fatalf("going on: level %d", got)
		}
		password.Profile = u.profile
		if after := u.sum(t, password); (after < before) != proved {
			t.Errorf("proved %v: a sign-in from there has %d points, %d before", proved, after, before)
		}
	}
}

// A profile that cannot be read, of a later version or of another Assessor, is
// as good as none: the user is a new one, and is learnt.
func TestForeignProfile(t *testing.T) {
	whole := settled(t, risk.Config{}).profile
	for _, foreign := range [][]byte{{3, 1, 1}, {1, 255}, []byte("something else"), whole[:len(whole)-1], append(slices.Clip(whole), 0)} {
		u := newUser(t, risk.Config{})
		u.profile = foreign
		if _, err := u.Explain(t.Context(), u.signInCase(signIn{})); err == nil {
			t.Errorf("%q: explained", foreign)
		}
		s, v := u.signIn(t, signIn{ip: "93.184.10.20", where: &tokyo, key: 1})
		if v.Level != session.LevelNone {
			t.Errorf("%q: level %d", foreign, v.Level)
		}
		u.answer(t, s, session.AnswerConfirmed, s.First.At, s.First.At.Add(time.Minute))
		if got := u.sum(t, u.signInCase(signIn{ip: "93.184.10.20", where: &tokyo, key: 1})); got > -50 {
			t.Errorf("%q: not learnt, %d points", foreign, got)
		}
		u.profile = foreign
		u.answer(t, s, session.AnswerDenied, s.First.At, s.First.At.Add(time.Minute))
		lines, err := u.Explain(t.Context(), u.signInCase(signIn{ip: "93.184.10.20", where: &tokyo, key: 1}))
		if !slices.ContainsFunc(lines, func(l risk.Evidence) bool { return l.Code == "answer.denied" }) {
			t.Errorf("%q: denied, and not kept: %v, %v", foreign, lines, err)
		}
	}
}
