package risk_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

// host is a Manager over another system's sessions.
func host(t *testing.T, now *time.Time) (*session.Manager, *risk.Assessor) {
	t.Helper()
	a, err := risk.New(risk.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := session.New(memstore.New(), session.Config{
		Assessor: a, ProfileKeys: session.NewKeys([]byte("a key for this test, 32 bytes or more")), WatchMode: -1, Now: func() time.Time { return *now },
		Locator: geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
			if ip.As4()[0] == 81 {
				return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NO"}, nil
			}
			return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "RU"}, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, a
}

const (
	firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	chrome  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)

func origin(ip, agent string) session.Origin {
	return session.Origin{IP: netip.MustParseAddr(ip), Hints: device.Hints{UserAgent: agent}}
}

// Whose sessions were adopted and have moved for weeks is known: their first
// sign-in with a password is judged by that. Of whom nothing is known, no sign-in
// is.
func TestAdoptedUsersAreKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		moves     int
		ip, agent string
		want      session.Level
	}{
		{"a stranger", 20, "93.1.1.1", chrome, session.LevelHigh},
		{"the user", 20, "81.1.99.1", firefox, session.LevelNone},
		{"a stranger, on the first day", 0, "93.1.1.1", chrome, session.LevelNone},
	} {
		now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		m, a := host(t, &now)
		token := session.ForeignCredential("a token of the other system")
		if _, err := m.Adopt(t.Context(), token, origin("81.1.0.1", firefox), session.Adoption{UserID: "ada"}); err != nil {
			t.Fatal(err)
		}
		for i := range c.moves {
			now = now.Add(25 * time.Hour)
			if _, err := m.Resume(t.Context(), token, origin(fmt.Sprintf("81.1.%d.1", i+1), firefox)); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Hour)
		s, err := m.Adopt(t.Context(), session.ForeignCredential("another"), origin(c.ip, c.agent), session.Adoption{UserID: "ada", SignedIn: true})
		if err != nil {
			t.Fatal(err)
		}
		got := session.LevelNone
		for _, x := range s.Signals {
			got = max(got, x.Level)
		}
		if got != c.want {
			t.Errorf("%s: level %d for %v, want %d", c.name, got, s.Signals, c.want)
		}
		if r := a.Report(); c.want == session.LevelHigh && (r.SignIns.High != 1 || r.Reasons["country.new"] != 1) || r.SignIns.None+r.SignIns.High != 1 || r.Moves.None != int64(c.moves) {
			t.Errorf("%s: report %+v", c.name, r)
		}
	}
}

// A device cookie is known at the sign-in of a carrier that has one, if it came
// with the session that was adopted.
func TestAdoptedDeviceIsKnown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	m, _ := host(t, &now)
	id := session.NewDeviceID()
	found, err := m.Adopt(t.Context(), session.ForeignCredential("one"), origin("81.1.0.1", firefox), session.Adoption{UserID: "ada", DeviceID: id})
	if err != nil || found.Familiarity != session.FamiliarityUnknown || found.InQuestion() {
		t.Fatalf("got %+v, %v", found, err)
	}
	now = now.Add(time.Hour)
	for _, c := range []struct {
		id   session.DeviceID
		want session.Familiarity
	}{{id, session.FamiliarityKnown}, {session.NewDeviceID(), session.FamiliaritySimilar}} {
		s, err := m.Adopt(t.Context(), session.ForeignCredential(fmt.Sprint(c.id)), origin("81.1.0.1", firefox), session.Adoption{UserID: "ada", SignedIn: true, DeviceID: c.id})
		if err != nil || s.Familiarity != c.want {
			t.Errorf("got %q, %v, want %q", s.Familiarity, err, c.want)
		}
	}
}
