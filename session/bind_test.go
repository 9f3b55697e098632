package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// bind binds the session of a token, and returns its credential with a proof of now.
func (b *bench) bind(t *testing.T, token session.Token, key string) session.Credential {
	t.Helper()
	s, err := b.Bind(t.Context(), "alice", token.ID(), key, "ES256")
	if err != nil {
		t.Fatal(err)
	}
	c := token.Credential()
	c.Proof = session.KeyProof{Since: s.Bound.Since, At: b.Now()}
	return c
}

func TestBoundSessionNeedsProof(t *testing.T) {
	b := newBench(t, session.Config{})
	_, token := b.start(t, "alice", session.StartOptions{})
	c := b.bind(t, token, "key")
	if err := b.resume(t, token); err != nil {
		t.Errorf("before the first proof was shown: %v", err)
	}
	s, err := b.Resume(t.Context(), c, home)
	if err != nil || !s.IsBound() {
		t.Fatalf("the first proof: bound %v, %v", s.IsBound(), err)
	}
	if err := b.resume(t, token); err != session.ErrUnbound || !errors.Is(err, session.ErrRefused) {
		t.Errorf("the cookie alone: got %v, want ErrUnbound", err)
	}
	other := c
	other.Proof.Since = other.Proof.Since.Add(time.Millisecond)
	if _, err := b.Resume(t.Context(), other, home); err != session.ErrUnbound {
		t.Errorf("a proof of another key: got %v, want ErrUnbound", err)
	}
	b.clock.advance(7*time.Minute + 30*time.Second - time.Millisecond)
	if _, err := b.Resume(t.Context(), c, home); err != nil {
		t.Errorf("within one and a half lifetimes: %v", err)
	}
	b.clock.advance(time.Millisecond)
	if _, err := b.Resume(t.Context(), c, home); err != session.ErrUnbound {
		t.Errorf("an old proof: got %v, want ErrUnbound", err)
	}
	c.Proof.At = b.Now()
	if _, err := b.Resume(t.Context(), c, home); err != nil {
		t.Errorf("a new proof: %v", err)
	}
	if got := b.Stats().Unbound; got != 3 {
		t.Errorf("%d refusals counted, want 3", got)
	}
}

func TestKeyIsNotReplaced(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	first := b.bind(t, token, "lost with its answer")
	c := b.bind(t, token, "key")
	if first.Proof.Since.Equal(c.Proof.Since) {
		t.Fatal("two keys cannot be told apart")
	}
	b.use(t, token, home)
	if _, err := b.Resume(t.Context(), c, home); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Resume(t.Context(), first, home); err != session.ErrUnbound {
		t.Errorf("the key that was lost: got %v, want ErrUnbound", err)
	}
	again, err := b.Bind(t.Context(), "alice", s.ID, "key", "ES256")
	if err != nil || !again.IsBound() {
		t.Errorf("the same key again: %v", err)
	}
	if _, err := b.Bind(t.Context(), "alice", s.ID, "a thief's", "ES256"); err != session.ErrBound {
		t.Errorf("another key: got %v, want ErrBound", err)
	}
	if _, err := b.Reauthenticated(t.Context(), "alice", s.ID, session.Proof{}); err != nil {
		t.Fatal(err)
	}
	if got, _, err := b.store.Get(t.Context(), s.ID); err != nil || got.Bound.Key != "key" || !got.IsBound() {
		t.Errorf("a new secret: the key is %+v, %v", got.Bound, err)
	}
}

func TestBindIsChecked(t *testing.T) {
	b := newBench(t, session.Config{})
	s, _ := b.start(t, "alice", session.StartOptions{})
	app, _ := b.start(t, "alice", session.StartOptions{Carrier: session.CarrierBearer})
	for _, c := range []struct {
		what, user string
		id         session.ID
		key        string
		want       error // nil for any
	}{
		{"no key", "alice", s.ID, "", nil},
		{"a long key", "alice", s.ID, string(make([]byte, 1025)), nil},
		{"of somebody else", "bob", s.ID, "key", session.ErrNotFound},
		{"a bearer token", "alice", app.ID, "key", session.ErrForeign},
	} {
		if _, err := b.Bind(t.Context(), c.user, c.id, c.key, "ES256"); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, err, c.want)
		}
	}
	if err := b.Revoke(t.Context(), "alice", s.ID, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Bind(t.Context(), "alice", s.ID, "key", "ES256"); err != session.ErrNotFound {
		t.Errorf("revoked: got %v, want ErrNotFound", err)
	}
}

// A thief who has an old cookie as well must not get the owner suspended.
func TestCopyWithoutTheKeyHarmsNobody(t *testing.T) {
	b := newBench(t, session.Config{})
	s, stolen := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(time.Hour)
	owners := b.bind(t, stolen, "key")
	if _, err := b.Resume(t.Context(), owners, home); err != nil {
		t.Fatal(err)
	}
	_, token, err := b.Rotate(t.Context(), "alice", s.ID)
	if err != nil {
		t.Fatal(err)
	}
	b.clock.advance(time.Hour)
	c := token.Credential()
	c.Proof = session.KeyProof{Since: owners.Proof.Since, At: b.Now()}
	if _, err := b.Resume(t.Context(), c, home); err != nil {
		t.Fatal(err)
	}
	b.kinds()
	for range 3 {
		if _, err := b.Resume(t.Context(), stolen.Credential(), hotel); err != session.ErrUnbound {
			t.Errorf("the thief: got %v, want ErrUnbound", err)
		}
	}
	if got := b.kinds(); !slices.Equal(got, []session.EventKind{session.EventCopied}) {
		t.Errorf("got events %v, want one EventCopied", got)
	}
	if _, err := b.Resume(t.Context(), c, home); err != nil {
		t.Errorf("the owner: %v", err)
	}
}

// Who comes without a proof from where the client was last has lost the key: nobody is
// alarmed by a browser that was restored.
func TestCopiesAreToldFromLostKeys(t *testing.T) {
	phone := session.Origin{IP: home.IP, Hints: device.Hints{UserAgent: "Photos/3.2.1 (Android 15; Pixel 8)"}}
	for _, c := range []struct {
		what    string
		from    session.Origin
		excused bool
		told    bool
	}{
		{"the same browser, restored", home, false, false},
		{"another network", hotel, false, true},
		{"another network, and it says why", hotel, true, false},
		{"another device", phone, false, true},
		{"another device that says why", phone, true, true},
	} {
		b := newBench(t, session.Config{})
		_, token := b.start(t, "alice", session.StartOptions{})
		if _, err := b.Resume(t.Context(), b.bind(t, token, "key"), home); err != nil {
			t.Fatal(err)
		}
		b.kinds()
		cred := token.Credential()
		cred.Proof.Excused = c.excused
		if _, err := b.Resume(t.Context(), cred, c.from); err != session.ErrUnbound {
			t.Errorf("%s: got %v, want ErrUnbound", c.what, err)
		}
		if got := slices.Contains(b.kinds(), session.EventCopied); got != c.told {
			t.Errorf("%s: told %v, want %v", c.what, got, c.told)
		}
	}
}

// TestCopyIsLearnt has the Assessor hear, once a day, of where a copy was refused.
func TestCopyIsLearnt(t *testing.T) {
	a := &suspicious{}
	b := newBench(t, session.Config{Assessor: a, ProfileKeys: session.NewKeys(profileKey)})
	s, token := b.start(t, "alice", session.StartOptions{})
	if _, err := b.Resume(t.Context(), b.bind(t, token, "key"), home); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := b.Resume(t.Context(), token.Credential(), hotel); err != session.ErrUnbound {
			t.Fatalf("got %v, want ErrUnbound", err)
		}
	}
	if len(a.asked) != 1 || a.answers[0] != session.AnswerCopied || a.asked[0].Session.ID != s.ID || a.asked[0].Visit.IP != hotel.IP {
		t.Errorf("got %v, %+v, want one AnswerCopied with the visit", a.answers, a.asked)
	}
}

func TestWrongProofsAreTold(t *testing.T) {
	b := newBench(t, session.Config{})
	s, _ := b.start(t, "alice", session.StartOptions{})
	b.kinds()
	for range 2 {
		b.WrongProof(t.Context(), s, hotel)
	}
	if got := b.kinds(); len(got) != 0 {
		t.Errorf("two: got %v", got)
	}
	for range 3 {
		b.WrongProof(t.Context(), s, hotel)
	}
	if got := b.kinds(); !slices.Equal(got, []session.EventKind{session.EventCopied}) {
		t.Errorf("five: got %v, want one EventCopied", got)
	}
}

// Only whom we have failed is excused, and not for long.
func TestExcuseIsNotTheClients(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	if _, err := b.Resume(t.Context(), b.bind(t, token, "key"), home); err != nil {
		t.Fatal(err)
	}
	claims := token.Credential()
	claims.Proof.Excused = true
	if _, err := b.Resume(t.Context(), claims, home); err != session.ErrUnbound {
		t.Errorf("a claim: got %v, want ErrUnbound", err)
	}
	b.ProofFailed(s.ID)
	if _, err := b.Resume(t.Context(), claims, home); err != nil {
		t.Errorf("after we failed: %v", err)
	}
	if err := b.resume(t, token); err != session.ErrUnbound {
		t.Errorf("without the claim: got %v, want ErrUnbound", err)
	}
	b.clock.advance(2 * time.Minute)
	if _, err := b.Resume(t.Context(), claims, home); err != session.ErrUnbound {
		t.Errorf("two minutes later: got %v, want ErrUnbound", err)
	}
}

// What is open on a bound session ends after a quarter of an hour, on both sides.
func TestLongRequestsOfBoundSessionsAreCut(t *testing.T) {
	b := newBench(t, session.Config{})
	_, token := b.start(t, "alice", session.StartOptions{})
	_, plain := b.start(t, "alice", session.StartOptions{})
	c := b.bind(t, token, "key")
	conn := new(session.Conn)
	if _, err := b.Open(t.Context(), c, home, conn, nil); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	other := b.open(t, t.Context(), plain, nil)
	purge := func() {
		t.Helper()
		if _, err := b.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.clock.advance(15*time.Minute - time.Millisecond)
	purge()
	if conn.Err() != nil {
		t.Error("cut before its time")
	}
	b.clock.advance(time.Millisecond)
	purge()
	if conn.Err() == nil || context.Cause(conn) != session.ErrUnbound {
		t.Errorf("after 15 minutes the cause is %v, want ErrUnbound", context.Cause(conn))
	}
	if other.Err() != nil {
		t.Error("a session that is not bound was cut")
	}
}

// A proof that cannot be noted is noted with the next request.
func TestFirstProofIsNotedLater(t *testing.T) {
	fails := false
	b := newBenchOver(t, &storetest.Hooked{Store: memstore.New(), Before: func(method string) error {
		if fails && method == "Update" {
			return errors.New("full disk")
		}
		return nil
	}}, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	c := b.bind(t, token, "key")
	fails = true
	if _, err := b.Resume(t.Context(), c, home); err != nil {
		t.Fatal(err)
	}
	fails = false
	if _, err := b.Resume(t.Context(), c, home); err != nil {
		t.Fatal(err)
	}
	if got, _, err := b.store.Get(t.Context(), s.ID); err != nil || !got.IsBound() {
		t.Errorf("bound %v, %v", got.IsBound(), err)
	}
}
