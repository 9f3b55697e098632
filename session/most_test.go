package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// What is bounded may be as long as the bound says, and no longer.
func TestBoundsToTheByte(t *testing.T) {
	b := newBench(t, session.Config{})
	s, _ := b.start(t, "alice", session.StartOptions{})
	for what, c := range map[string]struct {
		most int
		call func(text string) error
	}{
		"the name of a session": {64, func(text string) error { _, err := b.Rename(t.Context(), "alice", s.ID, text); return err }},
		"the ID of a user":      {255, func(text string) error { _, err := b.BeginSignIn(t.Context(), text); return err }},
		"an action": {200, func(text string) error {
			if err := b.UseProof(t.Context(), "alice", s.ID, text); err != session.ErrNotProved {
				return err
			}
			return nil
		}},
		"the subject of an identity provider": {1024, func(text string) error {
			_, err := b.BeginIssued(t.Context(), "alice", session.Issued{Issuer: "https://id.example", Subject: text})
			return err
		}},
		"a key": {1024, func(text string) error { _, err := b.Bind(t.Context(), "alice", s.ID, text, "ES256"); return err }},
		"watch mode, in days": {366, func(text string) error {
			_, err := session.New(memstore.New(), session.Config{WatchMode: time.Duration(len(text)) * aDay})
			return err
		}},
	} {
		if err := c.call(strings.Repeat("x", c.most)); err != nil {
			t.Errorf("%s of %d: %v", what, c.most, err)
		}
		if err := c.call(strings.Repeat("x", c.most+1)); err == nil {
			t.Errorf("%s of %d: got no error", what, c.most+1)
		}
	}
	// The tags of a flag are letters from U+E0020 to U+E007E.
	for _, tag := range []string{"\U000e0020", "\U000e007e"} {
		if _, err := b.Rename(t.Context(), "alice", s.ID, "\U0001f3f4"+tag+"\U000e007f"); err != nil {
			t.Errorf("a flag of %q: %v", tag, err)
		}
	}
}

// Times are kept to the moment: what may be an hour old may be that, and not longer.
func TestTimesToTheMoment(t *testing.T) {
	b := newBench(t, session.Config{Limits: session.Limits{StepUp: 15 * time.Minute, Rotation: time.Hour}})
	for after, want := range map[time.Duration]error{session.MaxTicketAge: nil, session.MaxTicketAge + time.Millisecond: session.ErrOutdated} {
		ticket, err := b.BeginSignIn(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		b.clock.advance(after)
		if _, _, err := b.Start(t.Context(), ticket, home, session.StartOptions{}); !errors.Is(err, want) {
			t.Errorf("a ticket of %v: got %v, want %v", after, err, want)
		}
	}
	s, _ := b.start(t, "alice", session.StartOptions{})
	for after, want := range map[time.Duration]error{
		0: nil, 15 * time.Minute: nil, 15*time.Minute + time.Millisecond: session.ErrNotProved, -time.Millisecond: session.ErrNotProved,
	} {
		if _, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{For: "pay"}); err != nil {
			t.Fatal(err)
		}
		b.clock.advance(after)
		if err := b.UseProof(t.Context(), "alice", s.ID, "pay"); err != want {
			t.Errorf("a proof of %v: got %v, want %v", after, err, want)
		}
	}
	r, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{})
	if err != nil {
		t.Fatal(err)
	}
	b.use(t, r.Token, home)
	b.clock.advance(time.Hour - time.Millisecond)
	for _, due := range []bool{false, true} {
		if next, err := b.RotatePeriodic(t.Context(), r.Token); err != nil || next.IsZero() == due {
			t.Errorf("got a new token %v, %v, due %v", !next.IsZero(), err, due)
		}
		b.clock.advance(time.Millisecond)
	}
}

// What the Manager returns of a session is what is stored of it, so that who changes it
// next is not told that somebody else did.
func TestVersionIsWhatIsStored(t *testing.T) {
	b := newBench(t, session.Config{Limits: session.Limits{Rotation: time.Hour}})
	s, _ := b.start(t, "alice", session.StartOptions{})
	check := func(what string, got *session.Session, err error) {
		t.Helper()
		stored, _, serr := b.store.Get(t.Context(), s.ID)
		if err := errors.Join(err, serr); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got.Version != stored.Version {
			t.Errorf("%s: version %d, stored is %d", what, got.Version, stored.Version)
		}
	}
	named, err := b.Rename(t.Context(), "alice", s.ID, "mine")
	check("Rename", named, err)
	b.start(t, "alice", session.StartOptions{})
	r, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{RevokeOthers: session.ReasonPasswordChanged})
	check("Reauthenticated", r.Session, err)
	b.clock.advance(time.Hour)
	token, err := b.RotatePeriodic(t.Context(), r.Token)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := b.Resume(t.Context(), token.Credential(), home)
	check("the first sight of a new secret", seen, err)
}

// A user with more sessions than a page of the store has is read to the end, and an
// end that was asked for is kept.
func TestManyPages(t *testing.T) {
	b := newBench(t, session.Config{MaxPerUser: -1})
	const n = 510
	s, _ := b.start(t, "alice", session.StartOptions{})
	for i := 1; i < n; i++ { // a sign-in each would look at all of them
		s = s.Clone()
		s.ID, s.First.At = session.ForeignCredential(fmt.Sprint(i)).ID, s.First.At.Add(time.Millisecond)
		s.ID[0] = byte(i)
		if err := b.store.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	b.clock.advance(time.Hour)
	distinct := func(what string, all []*session.Session, err error, want int) {
		t.Helper()
		seen := make(map[session.ID]bool)
		for _, s := range all {
			seen[s.ID] = true
		}
		if err != nil || len(all) != want || len(seen) != want {
			t.Errorf("%s: got %d, %d of them distinct, %v, want %d", what, len(all), len(seen), err, want)
		}
	}
	all, err := b.List(t.Context(), "alice")
	distinct("List", all, err, n)
	p, err := b.ListPage(t.Context(), "alice", nil, n)
	if distinct("one page of all", p.Sessions, err, n); p.Next != nil || p.Total != n {
		t.Errorf("got next %v, total %d", p.Next, p.Total)
	}
	for _, one := range all[:3] { // some end apart, the latest
		if err := b.Revoke(t.Context(), "alice", one.ID, session.ReasonSignedOut); err != nil {
			t.Fatal(err)
		}
	}
	b.clock.advance(time.Second)
	if ended, err := b.RevokeAll(t.Context(), "alice", session.ReasonAdmin); err != nil || ended != n-3 {
		t.Errorf("RevokeAll: got %d, %v, want %d", ended, err, n-3)
	}
	for limit, want := range map[int]int{0: n, 1: 1, 499: 499, 500: 500, 501: 501, 509: 509, 510: n, 511: n, 2_000: n} {
		all, err := b.History(t.Context(), "alice", limit)
		distinct(fmt.Sprintf("History of %d", limit), all, err, want)
	}
	b.start(t, "alice", session.StartOptions{})
	b.clock.advance(8 * aDay) // it expires
	for limit, want := range map[int]int{0: n + 1, 10: 10} {
		all, err := b.History(t.Context(), "alice", limit)
		if distinct("with one that has expired", all, err, want); err == nil && all[0].Ended.Reason != session.ReasonExpired {
			t.Errorf("History of %d: got %q first, want what ended last", limit, all[0].Ended.Reason)
		}
	}
}

// As many as an identity provider names are ended, whosever they are.
func TestManyOfAProvider(t *testing.T) {
	b := newBench(t, session.Config{})
	const n = 503
	issued := session.Issued{Issuer: "https://id.example", Subject: "s"}
	for i := range n {
		ticket, err := b.BeginIssued(t.Context(), fmt.Sprint("user ", i), issued)
		if err == nil {
			_, _, err = b.Start(t.Context(), ticket, home, session.StartOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if ended, err := b.RevokeIssued(t.Context(), session.IssuerSignOut{Issued: issued}); err != nil || ended != n {
		t.Errorf("got %d, %v, want %d", ended, err, n)
	}
}

// Run ends what is beyond a bound by itself, a part at a time: no sign-in has to come.
func TestRunEvictsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		free := &bench{store: store}
		var err error
		if free.Manager, err = session.New(store, session.Config{MaxPerUser: -1}); err != nil {
			t.Fatal(err)
		}
		for range 260 {
			free.start(t, "ada", session.StartOptions{})
		}
		bound := &bench{store: store}
		if bound.Manager, err = session.New(store, session.Config{MaxPerUser: 40}); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); bound.Run(ctx) }()
		time.Sleep(time.Second)
		last, _ := bound.start(t, "ada", session.StartOptions{})
		time.Sleep(20 * time.Second) // before any Purge
		all, err := bound.List(ctx, "ada")
		if err != nil || len(all) != 40 || all[0].ID != last.ID {
			t.Errorf("got %d, %v, want 40 with the latest", len(all), err)
		}
		stop()
		<-done
	})
}

// A sign-in that was under way at an identity provider when that signed the user out
// comes to nothing as long as its ticket lasts, whatever Purge does meanwhile.
func TestSignOutAtTheProviderOutlivesPurges(t *testing.T) {
	b := newBench(t, session.Config{})
	issued := session.Issued{Issuer: "https://id.example", Subject: "s"}
	ticket, err := b.BeginIssued(t.Context(), "alice", issued)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.RevokeIssued(t.Context(), session.IssuerSignOut{Issued: issued}); err != nil {
		t.Fatal(err)
	}
	b.clock.advance(session.MaxTicketAge)
	b.purge(t)
	if _, _, err := b.Start(t.Context(), ticket, home, session.StartOptions{}); !errors.Is(err, session.ErrOutdated) {
		t.Errorf("got %v, want ErrOutdated", err)
	}
}

// The names of an identity provider come with the ticket, or with the sign-in, or with
// both if they are the same.
func TestTicketIsOfOneProvider(t *testing.T) {
	b := newBench(t, session.Config{})
	issued := session.Issued{Issuer: "https://id.example", Subject: "s", SID: "1"}
	named := func(i session.Issued) session.StartOptions {
		return session.StartOptions{Issuer: i.Issuer, Subject: i.Subject, SID: i.SID}
	}
	for what, c := range map[string]struct {
		ticket bool
		o      session.StartOptions
		err    bool
	}{
		"ticket":  {true, session.StartOptions{}, false},
		"sign-in": {false, named(issued), false},
		"both":    {true, named(issued), false},
		"another": {true, named(session.Issued{Issuer: issued.Issuer, Subject: "another", SID: "1"}), true},
	} {
		ticket, err := b.BeginSignIn(t.Context(), "alice")
		if c.ticket {
			ticket, err = b.BeginIssued(t.Context(), "alice", issued)
		}
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := b.Start(t.Context(), ticket, home, c.o)
		if (err != nil) != c.err || err == nil && (s.Issuer != issued.Issuer || s.Subject != issued.Subject || s.SID != issued.SID) {
			t.Errorf("%s: got %v, error wanted: %v", what, err, c.err)
		}
	}
	// Those that named it only as they started are found as well.
	if n, err := b.RevokeIssued(t.Context(), session.IssuerSignOut{Issued: issued}); err != nil || n != 3 {
		t.Errorf("got %d, %v, want 3", n, err)
	}
}

// A session of support keeps its name and facts, and gets one that says what it is.
func TestSupportIsNamed(t *testing.T) {
	b := newBench(t, session.Config{})
	for name, want := range map[string]string{"": "Support", "Anna of our desk": "Anna of our desk"} {
		for _, attrs := range []map[string]string{nil, {"case": "4711"}} {
			s, _ := b.start(t, "alice", session.StartOptions{Support: "anna", Name: name, Attrs: attrs})
			if s.Name != want || s.Support() != "anna" || s.Attrs["case"] != attrs["case"] {
				t.Errorf("%q, %v: got %q of %q, %v", name, attrs, s.Name, s.Support(), s.Attrs)
			}
		}
	}
}

// Whatever a message of another process says between the moment in which a request has
// read its session and that in which it is open: it holds.
func TestMessageBetweenReadAndRegistration(t *testing.T) {
	for what, c := range map[string]struct {
		others int // messages of others' sessions, which come too
		ended  bool
	}{"ended": {0, true}, "ended among many": {500, true}, "nothing of it": {1, false}, "more than is remembered": {500, false}} {
		store := &pausing{Store: memstore.New()}
		b := newBenchOver(t, store, session.Config{})
		_, token := b.start(t, "alice", session.StartOptions{})
		elsewhere, err := session.New(store.Store, session.Config{Now: b.clock.now})
		if err != nil {
			t.Fatal(err)
		}
		store.read, store.on = make(chan struct{}), make(chan struct{})
		result := make(chan error)
		conn := new(session.Conn)
		go func() {
			_, err := b.Open(t.Context(), token.Credential(), home, conn, nil)
			result <- err
		}()
		<-store.read
		var want error
		if c.ended {
			want = session.ErrRevoked
			if _, err := elsewhere.RevokeAll(t.Context(), "alice", session.ReasonAdmin); err != nil {
				t.Fatal(err)
			}
			b.Hub().Receive(session.Message{UserID: "alice"})
		}
		for i := range c.others {
			b.Hub().Receive(session.Message{UserID: fmt.Sprint("user ", i)})
		}
		close(store.on)
	wait:
		for {
			select {
			case <-store.read: // it reads again
			case err := <-result:
				if err != want {
					t.Errorf("%s: got %v, want %v", what, err, want)
				}
				break wait
			}
		}
		if err == nil && conn.Err() != nil {
			t.Errorf("%s: the request is over", what)
		}
		conn.Close()
	}
}
