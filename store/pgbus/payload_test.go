package pgbus

import (
	"reflect"
	"strings"
	"testing"

	"github.com/signedin/signedin/session"
)

// Whatever is told arrives as it was told.
func TestPayloads(t *testing.T) {
	t.Parallel()
	many := make([]session.ID, 2*maxIDs+1)
	for i := range many {
		many[i] = session.ID{1, byte(i >> 8), byte(i)}
	}
	for name, m := range map[string]session.Message{
		"missed":   {Missed: true},
		"everyone": {Everyone: true, Generations: session.Generations{Global: 1<<40 + 7}},
		"a user":   {UserID: "alice 中\x00", Keep: session.ID{9}, Generations: session.Generations{User: 1<<40 + 7}},
		"ended":    {Ended: many[:maxIDs]},
		"changed":  {Changed: many[:1]},
	} {
		payloads := encode(m)
		if len(payloads) != 1 {
			t.Fatalf("%s: %d payloads, want 1", name, len(payloads))
		}
		if got, ok := decode(payloads[0]); !ok || !reflect.DeepEqual(got, m) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, ok, m)
		}
	}
	all := encode(session.Message{Missed: true, Everyone: true, UserID: strings.Repeat("x", 255), Ended: many, Changed: many})
	var got session.Message
	for _, p := range all {
		if len(p) >= 8000 { // https://www.postgresql.org/docs/current/sql-notify.html
			t.Errorf("a payload has %d bytes", len(p))
		}
		m, _ := decode(p)
		got.Missed, got.Everyone, got.UserID = got.Missed || m.Missed, got.Everyone || m.Everyone, got.UserID+m.UserID
		got.Ended, got.Changed = append(got.Ended, m.Ended...), append(got.Changed, m.Changed...)
	}
	if !got.Missed || !got.Everyone || got.UserID == "" || !reflect.DeepEqual(got.Ended, many) || !reflect.DeepEqual(got.Changed, many) {
		t.Errorf("got %d payloads, of which %+v", len(all), got)
	}
}

// What is not understood may have been any revocation; what a listener sends to itself
// was none.
func TestPayloadsOfOthers(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"", "1", "2eAAAA", "1e", "1c", "1eAAAA", "1e*", "1uAAAA", "1z", "hello"} {
		if got, ok := decode(p); !ok || !reflect.DeepEqual(got, session.Message{Missed: true}) {
			t.Errorf("%q: got %+v, %v", p, got, ok)
		}
	}
	if got, ok := decode("1a"); !ok || !reflect.DeepEqual(got, session.Message{Everyone: true}) {
		t.Errorf("of an older binary: got %+v, %v", got, ok)
	}
	if _, ok := decode(payload(kindProof, session.ID{1})); ok {
		t.Error("a proof was delivered")
	}
}
