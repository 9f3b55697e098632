package drivertest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// TestRewrite is a process of the version before that uses and changes a session:
// it visits, renames and rotates it, and ends the others. It prints the new token.
func TestRewrite(t *testing.T) {
	var q struct {
		In          instance
		User, Token string
	}
	if err := json.Unmarshal([]byte(os.Getenv("SIGNEDIN_TEST_REWRITE")), &q); err != nil {
		t.Fatal(err)
	}
	store, _ := q.In.store(t)
	m, err := session.New(store, session.Config{Now: func() time.Time { return time.Now().Add(time.Hour) }}) // a visit is due
	if err != nil {
		t.Fatal(err)
	}
	token, err := session.ParseToken(q.Token)
	if err != nil {
		t.Fatal(err)
	}
	ctx, id := t.Context(), token.ID()
	if _, err := m.Resume(ctx, token.Credential(), session.Origin{}); err != nil {
		t.Fatalf("resume: %v", err)
	}
	if err := m.Flush(ctx); err != nil {
		t.Fatalf("flush: %v", err)
	}
	if _, err := m.Rename(ctx, q.User, id, "renamed"); err != nil {
		t.Fatalf("rename: %v", err)
	}
	if _, err := m.RevokeAllExcept(ctx, q.User, id, session.ReasonPasswordChanged); err != nil {
		t.Fatalf("revoke others: %v", err)
	}
	_, token, err = m.Rotate(ctx, q.User, id)
	if err != nil {
		t.Fatalf("rotate: %v", err)
	}
	fmt.Printf("token %s\n", token.Reveal())
}
