package notice_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
)

// level judges each sign-in as it is told.
type level session.Level

func (l *level) Assess(_ context.Context, c session.Case) (session.Verdict, error) {
	if *l == level(session.LevelNone) {
		return session.Verdict{Signals: []session.Signal{{Code: "country.new", Text: "As ever.", At: c.Visit.At}}}, nil
	}
	return session.Verdict{Level: session.Level(*l), Signals: []session.Signal{
		{Code: "test", Args: map[string]string{"network": c.Visit.Network.String() + c.Visit.Device.Title()}, Text: "This is\u202e a\x07 test, evil\u200b.example.", Level: session.Level(*l), At: c.Visit.At},
	}}, nil
}

// often is a site whose sign-ins are judged by l.
func often(t *testing.T, l *level) *site {
	s := newSite(t, photos)
	s.restart(t, photos, l)
	return s
}

// kinds signs in from an address and returns what was told.
func (s *site) kinds(t *testing.T, ip, userAgent string) string {
	t.Helper()
	s.signIn(t, from(ip, device.Hints{UserAgent: userAgent}), session.DeviceID{})
	var kinds []string
	for _, n := range s.take() {
		kinds = append(kinds, string(n.Kind))
	}
	return strings.Join(kinds, " ")
}

// One device on one network is told once in a week, whatever process asks.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	l := level(session.LevelNotice)
	s := often(t, &l)
	began := s.now
	for _, c := range []struct {
		after     time.Duration
		level     session.Level
		ip, agent string
		want      string
	}{
		{0, session.LevelNotice, home, windows, "sign-in"},
		{time.Minute, session.LevelNotice, home, windows, ""},
		{time.Hour, session.LevelNone, home, linux, ""},
		{2 * time.Hour, session.LevelNotice, home, linux, "sign-in"},
		{3 * time.Hour, session.LevelNotice, far, windows, "sign-in"},
		{4 * time.Hour, session.LevelAlert, home, windows, "alert"}, // worse than it was
		{5 * time.Hour, session.LevelNotice, home, windows, ""},
		{6*24*time.Hour + 23*time.Hour, session.LevelNotice, home, linux, ""},
		{7*24*time.Hour + 3*time.Hour, session.LevelNotice, home, linux, "sign-in"},
		{7*24*time.Hour + 4*time.Hour, session.LevelAlert, home, windows, "alert"},
	} {
		s.restart(t, photos, &l)
		s.now, l = began.Add(c.after), level(c.level)
		if got := s.kinds(t, c.ip, c.agent); got != c.want {
			t.Errorf("after %v: got %q, want %q", c.after, got, c.want)
		}
		if _, err := s.RevokeAll(t.Context(), "alice", session.ReasonSignedOut); err != nil { // what is over counts too
			t.Fatal(err)
		}
	}
}

// A burst ends with one that says that there are more, and an alert after a
// burst of notices is told all the same.
func TestBurst(t *testing.T) {
	t.Parallel()
	l := level(session.LevelNotice)
	s := often(t, &l)
	ip := func(i int) string { return fmt.Sprintf("81.1.%d.9", i) }
	for i, want := range []string{"sign-in", "sign-in", "sign-in", "more", "", ""} {
		if got := s.kinds(t, ip(i), windows); got != want {
			t.Errorf("%d: got %q, want %q", i, got, want)
		}
		s.now = s.now.Add(time.Minute)
	}
	l = level(session.LevelAlert)
	if got := s.kinds(t, ip(0), windows); got != "alert" {
		t.Errorf("got %q, want an alert", got)
	}
	l = level(session.LevelNotice)
	s.now = s.now.Add(time.Hour)
	if got := s.kinds(t, ip(10), windows); got != "sign-in" {
		t.Errorf("an hour later: got %q", got)
	}
	// Four are told; six more in two days, and then no more.
	told := 0
	for i := 20; i < 40; i++ {
		s.now = s.now.Add(time.Hour + time.Minute)
		if s.kinds(t, ip(i), windows) == "sign-in" {
			told++
		}
	}
	if told != 6 {
		t.Errorf("got %d more in two days, want 6", told)
	}
	n := s.notices.Stats()
	if n.Sent != 4+6+2+1 || n.Held == 0 || n.Failed != 0 {
		t.Errorf("got %+v", n)
	}
}

// "More" says where to look, and is itself of the class that it stands for.
func TestMore(t *testing.T) {
	t.Parallel()
	l := level(session.LevelHigh)
	s := often(t, &l)
	for i := range 4 {
		s.signIn(t, from(fmt.Sprintf("81.2.%d.9", i), device.Hints{UserAgent: linux}), session.DeviceID{})
		s.now = s.now.Add(time.Second)
	}
	all := s.take()
	if text := all[0].Text; !strings.Contains(text, "  - This is a test, evil example.\n") {
		t.Errorf("got %q", text)
	}
	n := all[3]
	if n.Kind != notice.KindMore || n.Class != notice.ClassAlert || len(n.Reasons) > 0 {
		t.Errorf("got %+v", n)
	}
	mentions(t, n, "Photos", "Settings → Devices", "Not me")
}

// What cannot be handed over is logged and counted, and the sign-in stands.
func TestSendFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	s.settle(t)
	s.fail = errors.New("no room in the queue")
	s.signIn(t, from(far, device.Hints{UserAgent: linux}), session.NewDeviceID())
	if n := s.notices.Stats(); n.Failed != 1 || n.Sent != 0 || !strings.Contains(s.log.String(), "no room in the queue") {
		t.Errorf("got %+v, %s", n, s.log.String())
	}
}

// The client's going away keeps nothing back.
func TestClientGone(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	s.settle(t)
	ctx, cancel := context.WithCancel(t.Context())
	ticket, err := s.BeginSignIn(ctx, "alice")
	if err != nil {
		t.Fatal(err)
	}
	o := from(far, device.Hints{UserAgent: linux})
	started, _, err := s.Start(ctx, ticket, o, session.StartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.take()
	cancel()
	s.now = s.now.Add(8 * 24 * time.Hour)
	s.notices.Observe(ctx, session.Event{Kind: session.EventStarted, UserID: "alice", At: s.now, Session: started,
		Verdict: &session.Verdict{Level: session.LevelAlert, Signals: started.Signals}})
	s.only(t)
}

// failing cannot list.
type failing struct{ session.Store }

func (failing) List(context.Context, session.Query) ([]*session.Session, error) {
	return nil, errors.New("out of order")
}

// If it is not known what was told, it is told again.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	s.settle(t)
	started, _ := s.signIn(t, from(far, device.Hints{UserAgent: linux}), session.NewDeviceID())
	s.take()
	again, err := notice.New(failing{s.store}, s.keep, photos)
	if err != nil {
		t.Fatal(err)
	}
	again.Observe(t.Context(), session.Event{Kind: session.EventStarted, UserID: "alice", At: s.now, Session: started,
		Verdict: &session.Verdict{Level: session.LevelAlert, Signals: started.Signals}})
	mentions(t, s.only(t), "Photos")
}

// inSpain finds of everything that it was in Spain.
type inSpain struct{}

func (inSpain) Assess(_ context.Context, c session.Case) (session.Verdict, error) {
	return session.Verdict{Level: session.LevelAlert, Signals: []session.Signal{{
		Code: "country.new", Args: map[string]string{"countryCode": "ES"}, Text: "In Spain.", Level: session.LevelAlert, At: c.Visit.At,
	}}}, nil
}

// A trip is told once in a week: of whichever device, and whether one signs in or
// was signed in.
func TestTripToldOnce(t *testing.T) {
	t.Parallel()
	l := level(session.LevelNone)
	s := often(t, &l)
	var tokens []session.Token
	for range 2 {
		_, token := s.signIn(t, from(home, device.Hints{UserAgent: windows}), session.DeviceID{})
		tokens = append(tokens, token)
	}
	s.restart(t, photos, inSpain{})
	began := s.now
	for i, c := range []struct {
		after time.Duration
		told  int
	}{{time.Hour, 1}, {2 * time.Hour, 0}, {24 * time.Hour, 0}, {26 * time.Hour, 0}, {7*24*time.Hour + 2*time.Hour, 1}} {
		s.now = began.Add(c.after)
		if _, err := s.Resume(t.Context(), tokens[i%2].Credential(), from(fmt.Sprintf("81.3.%d.1", i), device.Hints{UserAgent: windows})); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			s.signIn(t, from("81.3.9.1", device.Hints{UserAgent: linux}), session.DeviceID{})
		}
		for sent := s.take(); len(sent) != c.told; {
			t.Fatalf("after %v: got %d notices, want %d", c.after, len(sent), c.told)
		}
	}
}

// A sign-in that is doubted itself is not what the next one is compared with.
func TestDoubtedIsNotBefore(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	s.settle(t)
	s.signIn(t, from(far, device.Hints{UserAgent: linux}), session.NewDeviceID())
	s.take()
	s.now = s.now.Add(time.Hour)
	s.signIn(t, from("93.1.1.1", device.Hints{UserAgent: mac}), session.NewDeviceID())
	if n := s.only(t); !strings.Contains(n.Text, "The last activity before it that we are sure of:\n  - Firefox on Windows") {
		t.Errorf("got %s", n.Text)
	}
}

// Of several at once, at least one is told.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	l := level(session.LevelAlert)
	s := often(t, &l)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			ticket, err := s.BeginSignIn(t.Context(), "alice")
			if err == nil {
				_, _, err = s.Start(t.Context(), ticket, from(far, device.Hints{UserAgent: linux}), session.StartOptions{})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(s.take()); n == 0 {
		t.Error("told of none")
	}
}

// Who was denied and comes back is told of again.
func TestDeniedIsToldAgain(t *testing.T) {
	t.Parallel()
	l := level(session.LevelAlert)
	s := often(t, &l)
	s.signIn(t, from(home, device.Hints{UserAgent: windows}), session.DeviceID{})
	s.take()
	bad, _ := s.signIn(t, from(far, device.Hints{UserAgent: linux}), session.DeviceID{})
	if err := s.Deny(t.Context(), "alice", bad.ID, session.ID{}); err != nil {
		t.Fatal(err)
	}
	s.take()
	for _, want := range []string{"alert", ""} {
		s.now = s.now.Add(20 * time.Hour)
		if got := s.kinds(t, far, linux); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// coded finds one reason for a notice in each sign-in.
type coded string

func (c *coded) Assess(_ context.Context, cs session.Case) (session.Verdict, error) {
	var args map[string]string
	if strings.HasPrefix(string(*c), "device.") {
		args = map[string]string{"device": cs.Visit.Device.Title()}
	}
	return session.Verdict{Level: session.LevelNotice, Signals: []session.Signal{
		{Code: string(*c), Args: args, Text: "A reason.", Level: session.LevelNotice, At: cs.Visit.At},
	}}, nil
}

// What is unusual in another way is told, though it is the same device.
func TestOtherReasonsAreTold(t *testing.T) {
	t.Parallel()
	c := coded("device.new")
	s := newSite(t, photos)
	s.restart(t, photos, &c)
	for _, x := range []struct {
		code coded
		want string
	}{{"device.new", "sign-in"}, {"device.same-kind", ""}, {"attempts.some", "sign-in"}, {"device.new", ""}, {"hour.unusual", ""}} {
		c = x.code
		s.now = s.now.Add(time.Hour)
		if got := s.kinds(t, home, windows); got != x.want {
			t.Errorf("%s: got %q, want %q", c, got, x.want)
		}
	}
}

// A site in watch mode holds back what is below high, and nothing else.
func TestWatchModeHoldsBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	s.watch = 0 // the default
	l := level(session.LevelAlert)
	s.restart(t, photos, &l)
	if got := s.kinds(t, home, windows); got != "" {
		t.Errorf("an alert in watch mode: got %q", got)
	}
	if n := s.notices.Stats(); n.Watched != 1 || n.Sent != 0 {
		t.Errorf("got %+v", n)
	}
	l = level(session.LevelHigh)
	if got := s.kinds(t, far, linux); got != "alert" {
		t.Errorf("high: got %q", got)
	}
	bad, token := s.signIn(t, from(far, device.Hints{UserAgent: windows}), session.DeviceID{})
	s.take()
	copied := coded("device.other")
	s.restart(t, photos, alertOf{&copied})
	if _, err := s.Resume(t.Context(), token.Credential(), from("81.3.1.1", device.Hints{UserAgent: windows})); err != nil {
		t.Fatal(err)
	}
	if got := s.take(); len(got) != 1 || got[0].Kind != notice.KindMove {
		t.Errorf("a copied cookie: got %+v", got)
	}
	if err := s.Deny(t.Context(), "alice", bad.ID, session.ID{}); err != nil {
		t.Fatal(err)
	}
	if got := s.take(); len(got) != 1 || got[0].Kind != notice.KindDenied {
		t.Errorf("a denial: got %+v", got)
	}
}

// alertOf makes an alert of everything.
type alertOf struct{ session.Assessor }

func (a alertOf) Assess(ctx context.Context, c session.Case) (session.Verdict, error) {
	v, err := a.Assessor.Assess(ctx, c)
	v.Level = session.LevelAlert
	for i := range v.Signals {
		v.Signals[i].Level = v.Level
	}
	return v, err
}
