package session_test

import (
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// Requests that nobody made do not keep a session alive, wherever they come from, and
// are judged like any other.
func TestBackgroundKeepsNothingAlive(t *testing.T) {
	for _, background := range []bool{false, true} {
		b := newBench(t, session.Config{Preset: session.PresetAAL3})
		s, token := b.start(t, "alice", session.StartOptions{})
		from := func(o session.Origin) session.Origin {
			o.Background = background
			return o
		}
		var err error
		for minute := range 20 {
			b.clock.advance(time.Minute)
			o := from(home)
			if minute%3 == 2 {
				o = from(hotel)
			}
			if _, err = b.Resume(t.Context(), token.Credential(), o); err != nil {
				break
			}
			if err := b.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if (err == session.ErrExpired) != background {
			t.Errorf("background %v: got %v", background, err)
		}
		if background {
			// A move is a millisecond, so that it is kept.
			if at := b.Now().Sub(s.First.At); at > 16*time.Minute || at < 15*time.Minute {
				t.Errorf("expired after %v", at)
			}
		}
	}
	// A move is seen and kept, though nobody made the request.
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	b.clock.advance(time.Hour)
	away := hotel
	away.Background = true
	b.kinds()
	if _, err := b.Resume(t.Context(), token.Credential(), away); err != nil {
		t.Fatal(err)
	}
	if kinds := b.kinds(); len(kinds) != 1 || kinds[0] != session.EventMoved {
		t.Errorf("got %v", kinds)
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	stored, _, err := b.store.Get(t.Context(), s.ID)
	if err != nil || stored.Last.IP != hotel.IP || stored.Last.At.Sub(s.Last.At) > time.Second {
		t.Errorf("got %+v, %v", stored.Last, err)
	}
}
