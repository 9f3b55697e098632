package notice_test

import (
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
)

// A copy of a bound sign-in is refused, and its user told of it, once.
func TestCopied(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	signedIn, token := s.settle(t)
	bound, err := s.Bind(t.Context(), signedIn.UserID, signedIn.ID, "key", "ES256")
	if err != nil {
		t.Fatal(err)
	}
	c := token.Credential()
	c.Proof = session.KeyProof{Since: bound.Bound.Since, At: s.now}
	if _, err := s.Resume(t.Context(), c, from(home, device.Hints{UserAgent: windows})); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := s.Resume(t.Context(), token.Credential(), from(far, device.Hints{UserAgent: linux})); err != session.ErrUnbound {
			t.Fatalf("got %v", err)
		}
		s.now = s.now.Add(time.Minute)
	}
	n := s.only(t)
	if n.Kind != notice.KindCopied || n.Class != notice.ClassAlert || n.SessionID != signedIn.ID {
		t.Errorf("got %+v", n)
	}
	mentions(t, n, "Photos", "Firefox on Windows", "was refused", "stays signed in", "Settings → Devices")
}
