package risk_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

// TestProfileIsBounded signs in from ten thousand networks, places, countries
// and devices.
func TestProfileIsBounded(t *testing.T) {
	const limit = 1280
	if risk.MaxEncoded > limit {
		t.Fatalf("the largest profile has %d bytes, at most %d", risk.MaxEncoded, limit)
	}
	u := newUser(t, risk.Config{})
	r := rand.New(rand.NewPCG(1, 2))
	largest := 0
	for i := range 10_000 {
		where := at("A town with a long name, which is Llanfairpwllgwyngyll", string([]byte{'A' + byte(r.IntN(26)), 'A' + byte(r.IntN(26))}),
			r.Float64()*170-85, r.Float64()*360-180, r.Uint32(), geo.KindHosting)
		what := device.Device{Kind: device.KindPhone, Browser: fmt.Sprint(i), OS: fmt.Sprint(i)}
		u.signIn(t, signIn{
			at: start.Add(time.Duration(i) * time.Hour), ip: netip.AddrFrom4([4]byte{byte(80 + i>>16), byte(i >> 8), byte(i), 1}).String(),
			where: &where, what: &what, key: byte(i), methods: []string{[]string{"pwd", "hwk"}[r.IntN(2)]},
		})
		largest = max(largest, len(u.profile))
	}
	if largest > risk.MaxEncoded || largest < risk.MaxEncoded-10 {
		t.Errorf("the largest profile had %d bytes, want nearly %d", largest, risk.MaxEncoded)
	}
}

// TestLatestAreKept checks that the latest of a trait push out the longest
// unused and no other.
func TestLatestAreKept(t *testing.T) {
	u := settled(t, risk.Config{})
	address := func(i int) string { return netip.AddrFrom4([4]byte{81, 167, byte(i), 1}).String() }
	for i := range 100 {
		u.signIn(t, signIn{at: start.Add(time.Duration(200+i) * time.Hour), key: 1, ip: address(i)})
	}
	for i := range 100 {
		got := false
		lines, err := u.Explain(t.Context(), u.signInCase(signIn{at: start.Add(400 * time.Hour), key: 1, ip: address(i)}))
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			got = got || l.Code == "network.known"
		}
		if want := i >= 100-24; got != want {
			t.Errorf("network %d of 100: known is %v, want %v", i, got, want)
		}
	}
}

func TestProfileIsForgotten(t *testing.T) {
	u := settled(t, risk.Config{})
	away := func(days int) session.Level {
		u := *u
		u.signIn(t, signIn{at: start.Add(time.Duration(days) * day), key: 1, ip: "93.184.99.20", where: &tokyo, methods: []string{"hwk"}})
		u.signIn(t, signIn{at: start.Add(time.Duration(days+1) * day), key: 1, ip: "93.184.99.20", where: &tokyo, methods: []string{"hwk"}})
		c := u.signInCase(signIn{at: start.Add(time.Duration(days+2) * day)})
		return u.assess(t, c).Level
	}
	if got := away(100); got != session.LevelNone {
		t.Errorf("after 100 days, home is at level %d", got)
	}
	if got := away(250); got == session.LevelNone {
		t.Error("after 250 days, home was not forgotten")
	}
}

// TestProfilesAreKeyed checks that a profile says nothing under another key, or
// to another user.
func TestProfilesAreKeyed(t *testing.T) {
	one, other := settled(t, risk.Config{Key: session.NewKeys([]byte("one key for this test, of 32 bytes"))}), settled(t, risk.Config{Key: session.NewKeys([]byte("the other key for it, of 32 bytes"))})
	if bytes.Equal(one.profile, other.profile) {
		t.Error("profiles under two keys are equal")
	}
	c := one.signInCase(signIn{key: 1})
	c.Profile = other.profile
	if got := one.sum(t, c); got < -10 {
		t.Errorf("a profile under another key knew the visit: %d points", got)
	}
}

func FuzzDecode(f *testing.F) {
	u := settled(f, risk.Config{})
	f.Add(u.profile)
	u.signIn(f, signIn{ip: "93.184.10.20", where: &frankfurtVPN})
	f.Add(u.profile)
	f.Add([]byte{})
	f.Add([]byte{4})
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := risk.Decode(b)
		if err != nil || len(b) == 0 {
			return
		}
		if twice, err := risk.Decode(again); err != nil || !bytes.Equal(again, twice) {
			t.Fatalf("%x became %x and then %x, %v", b, again, twice, err)
		}
		u := newUser(t, risk.Config{})
		u.profile = b
		_, v := u.signIn(t, signIn{ip: "93.184.10.20", where: &tokyo, what: &phone})
		if v.Profile != nil && len(v.Profile) > risk.MaxEncoded {
			t.Fatalf("%d bytes", len(v.Profile))
		}
		for _, s := range v.Signals {
			if s.Text == "" {
				t.Fatalf("%s has no sentence", s.Code)
			}
		}
	})
}

// A profile of another version is as good as none, which is no alert and is replaced.
func TestEarlierVersion(t *testing.T) {
	for _, version := range []byte{1, 3, 5} {
		u := settled(t, risk.Config{})
		u.profile = append([]byte{version}, u.profile[1:]...)
		got := u.assess(t, u.signInCase(signIn{key: 1}))
		if got.Level != session.LevelNone || len(got.Profile) == 0 || got.Profile[0] == version {
			t.Errorf("version %d, at home: level %d, profile %x", version, got.Level, got.Profile)
		}
	}
}
