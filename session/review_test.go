package session_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

const aDay = 24 * time.Hour

// newTraveller returns a bench in which the hotel is in Japan and home is in
// the Netherlands, with sessions that last.
func newTraveller(t *testing.T) *bench {
	t.Helper()
	return newBenchOver(t, memstore.New(), session.Config{
		ProfileKeys: session.NewKeys(profileKey), Retention: 365 * aDay,
		Limits: session.Limits{Idle: 100 * aDay, Absolute: 1000 * aDay, Rotation: -1},
		Locator: geo.LocatorFunc(func(_ context.Context, ip netip.Addr) (geo.Location, error) {
			if ip == hotel.IP {
				return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "JP"}, nil
			}
			return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL"}, nil
		}),
	})
}

func (b *bench) wantReview(t *testing.T, me session.ID, want session.ReviewReason, about int) {
	t.Helper()
	r, err := b.Review(t.Context(), b.live(t, me))
	if err != nil || r.Reason != want || len(r.Sessions) != about {
		t.Errorf("got %q of %d, %v, want %q of %d", r.Reason, len(r.Sessions), err, want, about)
	}
}

func (b *bench) use(t *testing.T, token session.Token, from session.Origin) {
	t.Helper()
	if _, err := b.Resume(t.Context(), token.Credential(), from); err != nil {
		t.Fatal(err)
	}
}

func TestReviewMonthly(t *testing.T) {
	b := newTraveller(t)
	me, token := b.from(t, home, "alice")
	b.clock.advance(31 * aDay)
	b.use(t, token, home)
	b.wantReview(t, me.ID, session.ReviewNone, 0) // nobody else is signed in
	b.from(t, home, "alice")
	b.wantReview(t, me.ID, session.ReviewMonthly, 2)
	if err := b.Reviewed(t.Context(), me); err != nil {
		t.Fatal(err)
	}
	b.wantReview(t, me.ID, session.ReviewNone, 0)
	b.clock.advance(29 * aDay)
	b.wantReview(t, me.ID, session.ReviewNone, 0)
	if e, err := b.Export(t.Context(), "alice"); err != nil || !e.Reviewed.Equal(b.Now().Add(-29*aDay).Truncate(time.Second)) {
		t.Errorf("export: %v, %v", e.Reviewed, err)
	}
	b.clock.advance(aDay)
	b.wantReview(t, me.ID, session.ReviewMonthly, 2)
}

func TestReviewOfIdle(t *testing.T) {
	b := newTraveller(t)
	me, token := b.from(t, home, "alice")
	b.from(t, home, "alice")
	b.clock.advance(31 * aDay)
	b.use(t, token, home)
	b.wantReview(t, me.ID, session.ReviewIdle, 1)
}

func TestReviewAfterPasswordChange(t *testing.T) {
	b := newTraveller(t)
	me, _ := b.from(t, home, "alice")
	other, _ := b.from(t, home, "alice")
	b.from(t, home, "alice")
	if err := b.Reviewed(t.Context(), me); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Minute)
	ctx := session.NewContext(t.Context(), me)
	if _, err := b.Reauthenticated(ctx, "alice", me.ID, session.Proof{RevokeOthers: session.ReasonPasswordChanged}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Review(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	b.wantReview(t, me.ID, session.ReviewPassword, 2)
	later, _ := b.from(t, home, "alice")
	b.wantReview(t, later.ID, session.ReviewNone, 0) // it is no news there
	b.clock.advance(time.Minute)
	if err := b.Reviewed(t.Context(), me); err != nil {
		t.Fatal(err)
	}
	b.wantReview(t, me.ID, session.ReviewNone, 0)
}

func TestReviewAfterTravel(t *testing.T) {
	b := newTraveller(t)
	me, token := b.from(t, home, "alice")
	b.clock.advance(40 * aDay)
	_, abroad := b.from(t, hotel, "alice")
	b.clock.advance(2 * aDay)
	b.use(t, abroad, hotel)
	b.clock.advance(23 * time.Hour)
	b.use(t, token, home)
	r, err := b.Review(t.Context(), b.live(t, me.ID))
	if err != nil || r.Reason == session.ReviewTravel {
		t.Errorf("back for less than a day: got %q, %v", r.Reason, err)
	}
	b.clock.advance(2 * time.Hour)
	b.use(t, token, home)
	r, err = b.Review(t.Context(), b.live(t, me.ID))
	if err != nil || r.Reason != session.ReviewTravel || len(r.Sessions) != 1 || r.Country != "JP" || !r.Until.Equal(b.Now().Add(-25*time.Hour)) {
		t.Fatalf("got %+v, %v", r, err)
	}
	if err := b.Reviewed(t.Context(), me); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(31 * aDay)
	b.use(t, token, home)
	if r, err = b.Review(t.Context(), b.live(t, me.ID)); err != nil || r.Reason == session.ReviewTravel || r.Reason == session.ReviewNone {
		t.Errorf("the same journey: got %q, %v", r.Reason, err)
	}
	// In the session from abroad there is no way home to compare with.
	b.use(t, abroad, hotel)
	if r, err = b.Review(t.Context(), b.live(t, abroad.ID())); err != nil || r.Reason == session.ReviewTravel {
		t.Errorf("abroad: got %q, %v", r.Reason, err)
	}
}

// Who is erased while a page of theirs is made is asked nothing.
func TestReviewOfErased(t *testing.T) {
	b := newTraveller(t)
	me, _ := b.from(t, home, "alice")
	s := b.live(t, me.ID)
	if err := b.Erase(t.Context(), "alice"); err != nil {
		t.Fatal(err)
	}
	if r, err := b.Review(t.Context(), s); err != nil || r.Reason != session.ReviewNone {
		t.Errorf("got %+v, %v, want none", r, err)
	}
}

func TestReviewNever(t *testing.T) {
	q := newQuestioned(t, session.LevelHigh, session.Config{OnHigh: session.ActionChallenge, Limits: session.Limits{Idle: 100 * aDay, Absolute: 1000 * aDay, Rotation: -1}})
	q.clock.advance(29 * aDay)
	q.use(t, q.oldToken, home)
	q.clock.advance(2 * aDay)
	for _, s := range []*session.Session{q.doubted, q.old} {
		r, err := q.Review(t.Context(), s)
		if want := s == q.old; err != nil || (r.Reason != session.ReviewNone) != want {
			t.Errorf("provisional %v: got %q, %v", s.Provisional, r.Reason, err)
		}
		if s == q.doubted { // who is not asked cannot answer either: the next one is
			if err := q.Reviewed(t.Context(), s); err != session.ErrNotOlder {
				t.Errorf("answered in question: got %v", err)
			}
		}
	}
	b := newBench(t, session.Config{Limits: session.Limits{Idle: 100 * aDay, Absolute: 1000 * aDay}}) // nobody remembers
	me, _ := b.from(t, home, "alice")
	b.from(t, home, "alice")
	b.clock.advance(40 * aDay)
	b.wantReview(t, me.ID, session.ReviewNone, 0)
	if err := b.Reviewed(t.Context(), me); err != nil {
		t.Errorf("got %v", err)
	}
}

// Where sessions are shorter than a month, and are forgotten after one, the
// question still comes monthly.
func TestReviewOfShortSessions(t *testing.T) {
	b := newBenchOver(t, memstore.New(), session.Config{
		ProfileKeys: session.NewKeys(profileKey), Limits: session.Limits{Idle: 12 * time.Hour, Absolute: aDay},
	})
	laptop, phone := session.NewDeviceID(), session.NewDeviceID()
	var asked []int
	for day := range 100 {
		me, _ := b.start(t, "alice", session.StartOptions{DeviceID: laptop})
		b.start(t, "alice", session.StartOptions{DeviceID: phone})
		r, err := b.Review(t.Context(), b.live(t, me.ID))
		if err != nil {
			t.Fatal(err)
		}
		if r.Reason == session.ReviewMonthly {
			asked = append(asked, day)
			if err := b.Reviewed(t.Context(), me); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.clock.advance(aDay + time.Minute)
	}
	if !slices.Equal(asked, []int{30, 60, 90}) {
		t.Errorf("asked on days %v, want 30, 60 and 90", asked)
	}
}

// A device that came and went is worth a look, too.
func TestReviewOfWhatWasNew(t *testing.T) {
	b := newTraveller(t)
	me, _ := b.from(t, home, "alice")
	b.clock.advance(20 * aDay)
	guest, _ := b.from(t, hotel, "alice")
	if err := b.Revoke(t.Context(), "alice", guest.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(10 * aDay)
	b.wantReview(t, me.ID, session.ReviewMonthly, 1)
	if err := b.Reviewed(t.Context(), me); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(40 * aDay)
	b.wantReview(t, me.ID, session.ReviewNone, 0)
}
