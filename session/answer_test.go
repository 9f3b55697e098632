package session_test

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// suspicious finds every visit from the hotel very wrong, and keeps what it is
// told.
type suspicious struct {
	mu      sync.Mutex
	level   session.Level
	answers []session.Answer
	asked   []session.Case
}

func (a *suspicious) Assess(_ context.Context, c session.Case) (session.Verdict, error) {
	if c.Visit.IP != hotel.IP {
		return session.Verdict{}, nil
	}
	return session.Verdict{
		Level: a.level, Provisional: c.SignIn && a.level >= session.LevelAlert,
		Signals: []session.Signal{{Code: "country.new", Text: "A new country.", Level: a.level, At: c.Visit.At}},
		Profile: append(bytes.Clone(c.Profile), 'v'),
	}, nil
}

func (a *suspicious) Learn(_ context.Context, c session.Case, answer session.Answer) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers, a.asked = append(a.answers, answer), append(a.asked, c)
	return append(bytes.Clone(c.Profile), answer[0]), nil
}

// questioned is alice's account: an old session at home, and one that was
// signed in from the hotel a day later.
type questioned struct {
	*bench
	*suspicious
	old, doubted           *session.Session
	oldToken, doubtedToken session.Token
}

func newQuestioned(t *testing.T, level session.Level, cfg session.Config) *questioned {
	t.Helper()
	q := &questioned{suspicious: &suspicious{level: level}}
	cfg.Assessor = q.suspicious
	cfg.ProfileKeys = session.NewKeys(profileKey)
	q.bench = newBench(t, cfg)
	q.old, q.oldToken = q.from(t, home, "alice", "pwd")
	q.clock.advance(24 * time.Hour)
	q.doubted, q.doubtedToken = q.from(t, hotel, "alice", "pwd")
	q.clock.advance(time.Hour)
	q.kinds()
	return q
}

func (b *bench) from(t *testing.T, o session.Origin, user string, methods ...string) (*session.Session, session.Token) {
	t.Helper()
	ticket, err := b.BeginSignIn(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	s, token, err := b.Start(t.Context(), ticket, o, session.StartOptions{DeviceID: session.NewDeviceID(), Methods: methods})
	if err != nil {
		t.Fatal(err)
	}
	return s, token
}

func (b *bench) live(t *testing.T, id session.ID) *session.Session {
	t.Helper()
	all, err := b.List(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s *session.Session) bool { return s.ID == id })
	if i < 0 {
		t.Fatalf("%v is not live", id)
	}
	return all[i]
}

func TestConfirm(t *testing.T) {
	q := newQuestioned(t, session.LevelAlert, session.Config{})
	if !q.doubted.Provisional || !q.doubted.InQuestion() || !q.old.MayJudge(q.doubted) {
		t.Fatalf("got %+v", q.doubted)
	}
	s, err := q.Confirm(t.Context(), "alice", q.doubted.ID, q.old.ID)
	if err != nil || s.Provisional || s.InQuestion() || len(s.OpenSignals()) > 0 || len(s.Signals) != 1 || !s.ConfirmedAt.Equal(q.Now()) {
		t.Fatalf("got %+v, %v", s, err)
	}
	if got := q.live(t, s.ID); got.InQuestion() {
		t.Errorf("stored: got %+v", got)
	}
	if got := q.kinds(); !slices.Equal(got, []session.EventKind{session.EventConfirmed}) {
		t.Errorf("events %v", got)
	}
	if len(q.asked) != 1 || q.answers[0] != session.AnswerConfirmed || !q.asked[0].Session.Provisional ||
		!q.asked[0].Since.Equal(q.doubted.First.At) || !q.asked[0].Visit.At.Equal(q.Now()) || string(q.asked[0].Profile) != "v" {
		t.Errorf("learnt %v %+v", q.answers, q.asked)
	}
	if e, err := q.Export(t.Context(), "alice"); err != nil || string(e.Habits) != "vc" {
		t.Errorf("habits %q, %v", e.Habits, err)
	}
	// Again says nothing new.
	if _, err := q.Confirm(t.Context(), "alice", q.doubted.ID, q.old.ID); err != nil || len(q.kinds()) > 0 || len(q.answers) != 1 {
		t.Errorf("again: %v, %v", err, q.answers)
	}
}

func TestWhoMayConfirm(t *testing.T) {
	for _, level := range []session.Level{session.LevelNotice, session.LevelHigh} {
		q := newQuestioned(t, level, session.Config{})
		younger, _ := q.from(t, home, "alice", "pwd")
		bob, _ := q.from(t, home, "bob", "pwd")
		for name, c := range map[string]struct {
			user   string
			id, by session.ID
			want   error
		}{
			"itself":             {"alice", q.doubted.ID, q.doubted.ID, session.ErrNotOlder},
			"a younger one":      {"alice", q.doubted.ID, younger.ID, session.ErrNotOlder},
			"another user":       {"bob", q.doubted.ID, bob.ID, session.ErrNotFound},
			"another user's":     {"alice", bob.ID, q.old.ID, session.ErrNotFound},
			"by another user's":  {"alice", q.doubted.ID, bob.ID, session.ErrNotFound},
			"one that never was": {"alice", session.ID{1}, q.old.ID, session.ErrNotFound},
			"nobody":             {"alice", q.doubted.ID, session.ID{}, session.ErrNotFound},
		} {
			if _, err := q.Confirm(t.Context(), c.user, c.id, c.by); err != c.want {
				t.Errorf("level %d, %s: got %v, want %v", level, name, err, c.want)
			}
		}
		if len(q.answers) > 0 {
			t.Errorf("learnt %v", q.answers)
		}
	}
}

// Who is not believed vouches for nobody.
func TestInQuestionConfirmsNobody(t *testing.T) {
	q := newQuestioned(t, session.LevelAlert, session.Config{})
	second, _ := q.from(t, hotel, "alice", "pwd")
	if _, err := q.Confirm(t.Context(), "alice", second.ID, q.doubted.ID); err != session.ErrNotOlder {
		t.Errorf("got %v", err)
	}
}

// Whoever has stolen the cookie of an old session vouches for nobody by it,
// until its user proves who they are.
func TestStolenSessionConfirmsNobody(t *testing.T) {
	q := newQuestioned(t, session.LevelAlert, session.Config{})
	q.clock.advance(time.Minute)
	if _, err := q.Resume(t.Context(), q.oldToken.Credential(), hotel); err != nil {
		t.Fatal(err)
	}
	second, _ := q.from(t, hotel, "alice", "pwd")
	for _, id := range []session.ID{q.doubted.ID, second.ID} {
		if _, err := q.Confirm(t.Context(), "alice", id, q.old.ID); err != session.ErrNotOlder {
			t.Errorf("confirm: got %v", err)
		}
		if err := q.Deny(t.Context(), "alice", id, q.old.ID); err != session.ErrNotOlder {
			t.Errorf("deny: got %v", err)
		}
	}
	q.clock.advance(time.Minute)
	if _, err := q.Reauthenticated(t.Context(), "alice", q.old.ID, session.Proof{Methods: []string{"pwd"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Confirm(t.Context(), "alice", second.ID, q.old.ID); err != nil {
		t.Errorf("after a new proof: %v", err)
	}
}

// A stolen password confirms nothing; a second factor does.
func TestConfirmAfterStepUp(t *testing.T) {
	q := newQuestioned(t, session.LevelHigh, session.Config{})
	if _, err := q.Reauthenticated(t.Context(), "alice", q.doubted.ID, session.Proof{Methods: []string{"pwd"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Confirm(t.Context(), "alice", q.doubted.ID, q.doubted.ID); err != session.ErrNotOlder {
		t.Errorf("by password: got %v", err)
	}
	if _, err := q.Reauthenticated(t.Context(), "alice", q.doubted.ID, session.Proof{}); err != nil {
		t.Fatal(err)
	}
	if s := q.live(t, q.doubted.ID); !s.Provisional {
		t.Error("believed without a word how")
	}
	if _, err := q.Reauthenticated(t.Context(), "alice", q.doubted.ID, session.Proof{Methods: []string{"pwd", "otp"}}); err != nil {
		t.Fatal(err)
	}
	if s := q.live(t, q.doubted.ID); s.Provisional || len(s.OpenSignals()) != 1 || !slices.Equal(q.answers, []session.Answer{session.AnswerConfirmed}) {
		t.Errorf("after a second factor: %+v, learnt %v", s, q.answers)
	}
	if _, err := q.Confirm(t.Context(), "alice", q.doubted.ID, q.doubted.ID); err != nil {
		t.Errorf("by a second factor: got %v", err)
	}
}

func TestDeny(t *testing.T) {
	q := newQuestioned(t, session.LevelAlert, session.Config{})
	var conn session.Conn
	if _, err := q.Open(t.Context(), q.doubtedToken.Credential(), hotel, &conn, nil); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := q.Deny(t.Context(), "alice", q.doubted.ID, q.old.ID); err != nil {
		t.Fatal(err)
	}
	if context.Cause(&conn) != session.ErrRevoked {
		t.Errorf("what was open: %v", context.Cause(&conn))
	}
	if err := q.resume(t, q.doubtedToken); err != session.ErrRevoked {
		t.Errorf("the denied one: %v", err)
	}
	if err := q.resume(t, q.oldToken); err != nil {
		t.Errorf("the other one: %v", err)
	}
	ended, err := q.History(t.Context(), "alice", 0)
	if err != nil || len(ended) != 1 || ended[0].Ended.Reason != session.ReasonDenied || ended[0].Ended.By != q.old.ID.String() {
		t.Errorf("history %+v, %v", ended, err)
	}
	if got := q.kinds(); !slices.Equal(got, []session.EventKind{session.EventRevoked, session.EventDenied}) {
		t.Errorf("events %v", got)
	}
	if len(q.asked) != 1 || q.answers[0] != session.AnswerDenied || q.asked[0].Session.First.IP != hotel.IP {
		t.Errorf("learnt %v %+v", q.answers, q.asked)
	}
	if e, err := q.Export(t.Context(), "alice"); err != nil || len(e.Devices) != 1 || string(e.Habits) != "vd" {
		t.Errorf("kept %+v, %q, %v", e.Devices, e.Habits, err)
	}
	if err := q.Deny(t.Context(), "alice", q.doubted.ID, q.old.ID); err != session.ErrNotFound {
		t.Errorf("again: %v", err)
	}
	if _, err := q.Confirm(t.Context(), "alice", q.doubted.ID, q.old.ID); err != session.ErrNotFound {
		t.Errorf("confirmed after it was denied: %v", err)
	}
}

func TestWhoMayDeny(t *testing.T) {
	q := newQuestioned(t, session.LevelAlert, session.Config{})
	younger, _ := q.from(t, home, "alice", "pwd")
	bob, _ := q.from(t, home, "bob", "pwd")
	for name, c := range map[string]struct {
		user   string
		id, by session.ID
		want   error
	}{
		"one in question, of an old one": {"alice", q.old.ID, q.doubted.ID, session.ErrNotOlder},
		"itself":                         {"alice", q.old.ID, q.old.ID, session.ErrNotOlder},
		"another user":                   {"bob", q.doubted.ID, bob.ID, session.ErrNotFound},
		"by another user's":              {"alice", q.doubted.ID, bob.ID, session.ErrNotFound},
		"the host, another user's":       {"bob", q.doubted.ID, session.ID{}, session.ErrNotFound},
	} {
		if err := q.Deny(t.Context(), c.user, c.id, c.by); err != c.want {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if err := q.Deny(t.Context(), "alice", q.doubted.ID, younger.ID); err != nil {
		t.Errorf("a younger one that is believed: %v", err)
	}
	if err := q.Deny(t.Context(), "alice", younger.ID, session.ID{}); err != nil {
		t.Errorf("the host: %v", err)
	}
}

// A session that ends while it is denied is not denied.
func TestDenyTooLate(t *testing.T) {
	store := &storetest.Hooked{Store: memstore.New()}
	b := newBenchOver(t, store, session.Config{})
	old, _ := b.from(t, home, "alice")
	s, _ := b.from(t, hotel, "alice")
	overtaken := false
	store.Before = func(call string) error {
		if call != "Revoke" || overtaken {
			return nil
		}
		overtaken = true
		return b.Revoke(t.Context(), "alice", s.ID, session.ReasonSignedOut)
	}
	b.kinds()
	if err := b.Deny(t.Context(), "alice", s.ID, old.ID); err != session.ErrNotFound {
		t.Errorf("got %v", err)
	}
	if got := b.kinds(); !slices.Equal(got, []session.EventKind{session.EventRevoked}) {
		t.Errorf("events %v", got)
	}
}

// Of all who answer at once, one denial succeeds, and none is undone.
func TestAnswersAtOnce(t *testing.T) {
	for range 20 {
		q := newQuestioned(t, session.LevelAlert, session.Config{})
		begin := make(chan struct{})
		var denied, confirmed [4]error
		var all sync.WaitGroup
		for i := range denied {
			all.Go(func() { <-begin; denied[i] = q.Deny(t.Context(), "alice", q.doubted.ID, q.old.ID) })
			all.Go(func() { <-begin; _, confirmed[i] = q.Confirm(t.Context(), "alice", q.doubted.ID, q.old.ID) })
		}
		close(begin)
		all.Wait()
		succeeded := 0
		for _, err := range denied {
			if err == nil {
				succeeded++
			} else if err != session.ErrNotFound {
				t.Error(err)
			}
		}
		for _, err := range confirmed {
			if err != nil && err != session.ErrNotFound {
				t.Error(err)
			}
		}
		if succeeded != 1 {
			t.Fatalf("%d denials succeeded", succeeded)
		}
		if err := q.resume(t, q.doubtedToken); err != session.ErrRevoked {
			t.Fatalf("got %v", err)
		}
	}
}

// An answer stands though it cannot be learnt.
func TestAnswerWithoutProfile(t *testing.T) {
	b := newBench(t, session.Config{Assessor: &suspicious{level: session.LevelAlert}})
	old, _ := b.from(t, home, "alice")
	b.clock.advance(time.Hour)
	s, _ := b.from(t, hotel, "alice")
	if s, err := b.Confirm(t.Context(), "alice", s.ID, old.ID); err != nil || s.InQuestion() {
		t.Errorf("confirm: %v", err)
	}
	if err := b.Deny(t.Context(), "alice", s.ID, old.ID); err != nil {
		t.Errorf("deny: %v", err)
	}
}
