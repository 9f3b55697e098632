package risk_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

// The first VPN of somebody who never had one is worth an alert and, on their
// own device in their own country, no more: the session is not to be paused.
func TestFirstVPNOfASession(t *testing.T) {
	u := settled(t, risk.Config{})
	s, _ := u.signIn(t, signIn{key: 1})
	for i := range 120 {
		v := s.Last
		v.At, v.IP = start.Add(9*day+time.Duration(i+1)*8*time.Hour), netip.AddrFrom4([4]byte{81, 166, byte(i), 9})
		u.move(t, s, v)
	}
	vpn := s.Last
	vpn.At, vpn.IP, vpn.Location = vpn.At.Add(time.Hour), netip.MustParseAddr("93.184.1.1"), at("Bergen", "NO", 60.4, 5.3, 555, geo.KindHosting)
	if got := u.move(t, s, vpn); got.Level != session.LevelAlert {
		t.Errorf("level %d for %v, want an alert", got.Level, codes(got))
	}
}

// An alert of another device is not repeated within the week, unless the user has proved meanwhile
// who they are: then it is another one.
func TestAlertAfterAProof(t *testing.T) {
	for _, proved := range []bool{false, true} {
		u := settled(t, risk.Config{})
		s, _ := u.signIn(t, signIn{key: 1})
		home, thief := s.Last, s.Last
		thief.At, thief.IP, thief.Location, thief.Device = start.Add(10*day), netip.MustParseAddr("93.184.10.20"), frankfurtVPN, linux
		first := u.move(t, s, thief)
		if first.Level < session.LevelAlert {
			t.Fatalf("level %d", first.Level)
		}
		home.At = thief.At.Add(time.Hour)
		u.move(t, s, home)
		if proved {
			s.AuthenticatedAt = home.At
		}
		thief.At = home.At.Add(time.Hour)
		if got := u.move(t, s, thief); (got.Level >= session.LevelAlert) != proved {
			t.Errorf("proved %v: level %d for %v", proved, got.Level, codes(got))
		}
	}
}

// A session that is bound to its device is elsewhere with it; another device that uses
// it within the minutes of a copy is as suspicious as ever.
func TestMoveOfABoundSession(t *testing.T) {
	for _, bound := range []bool{false, true} {
		for _, other := range []bool{false, true} {
			u := settled(t, risk.Config{})
			s, _ := u.signIn(t, signIn{key: 1})
			if bound {
				s.Bound = session.Binding{Key: "key", Algorithm: "ES256", Since: s.First.At, SeenAt: s.First.At}
			}
			v := s.Last
			v.At, v.IP, v.Location = start.Add(10*day), netip.MustParseAddr("93.184.10.20"), frankfurtVPN
			if other {
				v.Device = linux
			}
			got := u.move(t, s, v)
			if want := !bound || other; (got.Level >= session.LevelAlert) != want {
				t.Errorf("bound %v, another device %v: level %d for %v", bound, other, got.Level, codes(got))
			}
		}
	}
}

// Where a copy of a session was refused, what comes next is suspicious for 30 days, and
// says why; not the session that proves its key, nor the user's own network.
func TestCopiedNetworkIsSuspect(t *testing.T) {
	const code = "network.copied"
	u := settled(t, risk.Config{})
	s, _ := u.signIn(t, signIn{key: 1})
	refuse := func(u *user, ip string) {
		v := s.Last
		v.At, v.IP = start.Add(10*day), netip.MustParseAddr(ip)
		var err error
		if u.profile, err = u.Learn(t.Context(), session.Case{Session: s, Visit: v, Profile: u.profile}, session.AnswerCopied); err != nil {
			t.Fatal(err)
		}
	}
	next := signIn{at: start.Add(11 * day), ip: "93.184.10.20"}
	before := u.assess(t, u.signInCase(next)).Level
	refuse(u, next.ip)
	got := u.assess(t, u.signInCase(next))
	if got.Level <= before || got.Level < session.LevelAlert || !slices.Contains(codes(got), code) {
		t.Errorf("the next sign-in there: level %d (before: %d), %v", got.Level, before, codes(got))
	}
	later := next
	later.at = start.Add(41 * day)
	if got := u.assess(t, u.signInCase(later)); slices.Contains(codes(got), code) {
		t.Errorf("31 days later: %v", codes(got))
	}

	move := s.Last
	move.At, move.IP, move.Location = start.Add(11*day), netip.MustParseAddr(next.ip), tokyo
	for _, bound := range []bool{false, true} {
		u2, s2 := *u, s.Clone()
		u2.profile = slices.Clone(u.profile)
		if bound {
			s2.Bound = session.Binding{Key: "key", Algorithm: "ES256", Since: s.First.At, SeenAt: s.First.At}
		}
		got := u2.move(t, s2, move)
		if (got.Level >= session.LevelAlert && slices.Contains(codes(got), code)) == bound {
			t.Errorf("a session, bound %v, moves there: level %d, %v", bound, got.Level, codes(got))
		}
	}

	own := settled(t, risk.Config{})
	refuse(own, "81.166.10.20")
	if got := own.assess(t, own.signInCase(signIn{at: next.at, key: 1})); got.Level != session.LevelNone {
		t.Errorf("at home, where a copy was refused too: level %d, %v", got.Level, codes(got))
	}
}
