package drivertest_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest/need"
)

// TestPreviousKeepsKeys has a program of the version before, which knows nothing of
// keys of devices, use and change a session that this one has bound: it visits,
// renames and rotates it, and ends the others. The session stays bound, and its
// client is let in by the new token and a proof of the old key.
func TestPreviousKeepsKeys(t *testing.T) {
	need.Heavy(t)
	previous := os.Getenv("SIGNEDIN_PREVIOUS")
	if previous == "" {
		t.Skip("SKIPPED: SIGNEDIN_PREVIOUS names no program of the version before")
	}
	eachShared(t, func(t *testing.T, _ string, in instance) {
		ctx, now := t.Context(), time.Now()
		store, _ := in.store(t)
		m, err := session.New(store, session.Config{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		ticket, err1 := m.BeginSignIn(ctx, somebody)
		s, token, err2 := m.Start(ctx, ticket, session.Origin{}, session.StartOptions{Carrier: session.CarrierCookie})
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		resume := func(token session.Token, p session.KeyProof) error {
			c := token.Credential()
			c.Proof = p
			_, err := m.Resume(ctx, c, session.Origin{})
			return err
		}
		bound, err := m.Bind(ctx, somebody, s.ID, "the key", "ES256")
		if err != nil {
			t.Fatal(err)
		}
		proof := session.KeyProof{Since: bound.Bound.Since, At: now}
		if err := resume(token, proof); err != nil {
			t.Fatal(err)
		}
		before, _, err := store.Get(ctx, s.ID)
		if err != nil || !before.IsBound() {
			t.Fatalf("got %+v, %v, want it bound", before, err)
		}

		token = rewritten(t, previous, in, token)

		after, _, err := store.Get(ctx, s.ID)
		if err != nil || after.Bound != before.Bound || after.Name != "renamed" || !after.Last.At.After(before.Last.At) ||
			after.Secrets.Current == before.Secrets.Current || after.Generations.User == before.Generations.User {
			t.Errorf("got %+v, %v, want it used, renamed, rotated and kept, and bound to %+v", after, err, before.Bound)
		}
		now = now.Add(time.Hour)
		if err := resume(token, session.KeyProof{}); !errors.Is(err, session.ErrUnbound) {
			t.Errorf("the new token without a proof: got %v, want ErrUnbound", err)
		}
		proof.At = now
		if err := resume(token, proof); err != nil {
			t.Errorf("the new token with a proof: %v", err)
		}
	})
}

var newToken = regexp.MustCompile(`(?m)^token (\S+)$`)

// rewritten has a program of the version before change a session, and returns the
// new token (.ci/previous.go).
func rewritten(t *testing.T, program string, in instance, token session.Token) session.Token {
	t.Helper()
	q, err := json.Marshal(map[string]any{"In": in, "User": somebody, "Token": token.Reveal()})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestRewrite$", "-test.count=1")
	cmd.Env = append(os.Environ(), "SIGNEDIN_TEST_REWRITE="+string(q))
	out, err := cmd.CombinedOutput()
	found := newToken.FindSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("the version before: %v: %s", err, out)
	}
	if token, err = session.ParseToken(string(found[1])); err != nil {
		t.Fatal(err)
	}
	return token
}
