package notice_test

import (
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
)

// Somebody copied a cookie and rotated it first: the user is told once, also if
// the copy's move was told before.
func TestReused(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	_, owners := s.settle(t)
	thiefs, err := s.RotatePeriodic(t.Context(), owners)
	if err != nil || thiefs.IsZero() {
		t.Fatalf("no rotation: %v", err)
	}
	thief := from(far, device.Hints{UserAgent: linux})
	for range 2 {
		if _, err := s.Resume(t.Context(), thiefs.Credential(), thief); err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(session.RotationGrace)
	}
	if n := s.only(t); n.Kind != notice.KindMove {
		t.Errorf("got %s", n.Kind)
	}
	for range 100 {
		if _, err := s.Resume(t.Context(), owners.Credential(), from(home, device.Hints{UserAgent: windows})); err != session.ErrReused {
			t.Fatalf("got %v", err)
		}
		s.now = s.now.Add(10 * time.Minute)
	}
	n := s.only(t)
	if n.Kind != notice.KindReused || n.Class != notice.ClassAlert || n.SessionID != owners.ID() {
		t.Errorf("got %+v", n)
	}
	mentions(t, n, "Photos", "Firefox on Windows, near Bergen", "restored from a backup", "copied", "paused", "Settings → Devices")
}
