package notice_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

// moves counts what is told of a session that has moved.
type moves struct {
	mu   sync.Mutex
	seen int
}

func (m *moves) Observe(_ context.Context, e session.Event) {
	if e.Kind == session.EventMoved {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.seen++
	}
}

// A person who asks the browser for the desktop site is no stranger: the session
// has not moved, nothing is held against it, and no mail is sent.
func TestDesktopSite(t *testing.T) {
	t.Parallel()
	const (
		android      = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
		ipad         = "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"
		ipadAsMac    = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15"
		iphone       = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Mobile/15E148 Safari/604.1"
		iphoneAsMac  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Safari/605.1.15"
		samsung      = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/30.0 Chrome/142.0.0.0 Mobile Safari/537.36"
		samsungAsPC  = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/30.0 Chrome/142.0.0.0 Safari/537.36"
		linuxFirefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	)
	for _, c := range []struct {
		name, usual, site string
		moves             int
	}{
		{"Android", android, linux, 0},
		{"iPad", ipad, ipadAsMac, 0},
		{"iPad that signed in on the desktop site", ipadAsMac, ipad, 0},
		{"iPhone", iphone, iphoneAsMac, 0},
		{"Samsung Internet", samsung, samsungAsPC, 0},
		{"another browser", android, linuxFirefox, 1},
		{"another browser's desktop site", samsung, linuxFirefox, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &site{store: memstore.New(), now: time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)}
			var seen moves
			s.restart(t, notice.Config{}, nil)
			assessor, err := risk.New(risk.Config{})
			if err != nil {
				t.Fatal(err)
			}
			s.Manager, err = session.New(s.store, session.Config{
				Assessor: assessor, ProfileKeys: session.NewKeys([]byte("a key for this test, 32 bytes or more")), Now: func() time.Time { return s.now },
				Locator: geo.LocatorFunc(locate), Observers: []session.Observer{s.notices, &seen},
			})
			if err != nil {
				t.Fatal(err)
			}
			id := session.NewDeviceID()
			var token session.Token
			for range 4 {
				_, token = s.signIn(t, from(home, device.Hints{UserAgent: c.usual}), id)
				s.now = s.now.Add(48 * time.Hour)
			}
			s.take()
			var resumed *session.Session
			for range 3 {
				for _, userAgent := range []string{c.site, c.usual} {
					s.now = s.now.Add(time.Hour)
					resumed, err = s.Resume(t.Context(), token.Credential(), from(home, device.Hints{UserAgent: userAgent}))
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			if seen.seen != c.moves {
				t.Errorf("told of %d moves, want %d", seen.seen, c.moves)
			}
			if c.moves > 0 {
				return
			}
			if len(resumed.Signals) > 0 {
				t.Errorf("held against it: %+v", resumed.Signals)
			}
			if sent := s.take(); len(sent) > 0 {
				t.Errorf("mailed: %s", sent[0].Text)
			}
		})
	}
}
