package memstore

import (
	"testing"

	"github.com/signedin/signedin/session"
)

// Who found a session before it was erased must not be told of it with the counters of
// afterwards: no moment had both.
func TestErasedWhileRead(t *testing.T) {
	st := New()
	m, err := session.New(st, session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	start := func() *record {
		ticket, err := m.BeginSignIn(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := m.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return st.records.get(s.ID)
	}
	ended := start()
	if err := m.Revoke(t.Context(), "ada", ended.id, session.ReasonSignedOut); err != nil {
		t.Fatal(err)
	}
	live := start()
	if err := m.Erase(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	for what, r := range map[string]*record{"ended": ended, "live": live} {
		if s, gens, _ := st.read(r); s != nil {
			t.Errorf("%s: got %+v under %v, want nothing", what, s.Ended, gens)
		}
	}
}
