package notice_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

const (
	windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
	mac     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
	linux   = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

	home = "81.166.10.20" // Bergen
	far  = "93.184.10.20" // a data centre in Romania
)

// site is a Manager whose notices are kept.
type site struct {
	*session.Manager
	notices *notice.Sender
	store   *memstore.Store
	now     time.Time
	onHigh  session.Action
	watch   time.Duration
	log     bytes.Buffer

	mu   sync.Mutex
	sent []notice.Notice
	fail error
}

func newSite(t *testing.T, cfg notice.Config) *site {
	t.Helper()
	s := &site{store: memstore.New(), watch: -1, now: time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)}
	s.restart(t, cfg, nil)
	return s
}

// restart makes all anew over the same store. Without an Assessor it is the
// rules of risk.
func (s *site) restart(t *testing.T, cfg notice.Config, assessor session.Assessor) {
	t.Helper()
	var err error
	if assessor == nil {
		if assessor, err = risk.New(risk.Config{}); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Logger = slog.New(slog.NewTextHandler(&s.log, nil))
	if s.notices, err = notice.New(s.store, s.keep, cfg); err != nil {
		t.Fatal(err)
	}
	s.Manager, err = session.New(s.store, session.Config{
		Assessor: assessor, OnHigh: s.onHigh, WatchMode: s.watch, ProfileKeys: session.NewKeys([]byte("a key for this test, 32 bytes or more")), Now: func() time.Time { return s.now },
		Locator: geo.LocatorFunc(locate), Observers: []session.Observer{s.notices},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) keep(ctx context.Context, n notice.Notice) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.fail, ctx.Err()); err != nil {
		return err
	}
	s.sent = append(s.sent, n)
	return nil
}

// take returns the notices since the last call.
func (s *site) take() []notice.Notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.sent
	s.sent = nil
	return out
}

func locate(_ context.Context, ip netip.Addr) (geo.Location, error) {
	if ip.As4()[0] == 93 {
		return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "RO", Country: "Romania", City: "Cluj",
			Latitude: 46.8, Longitude: 23.6, HasCoordinates: true, Radius: 20, ASN: 9, Network: geo.KindHosting}, nil
	}
	return geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NO", Country: "Norway", City: "Bergen",
		Latitude: 60.4, Longitude: 5.3, HasCoordinates: true, Radius: 20, ASN: 2119, Network: geo.KindResidential}, nil
}

func from(ip string, hints device.Hints) session.Origin {
	return session.Origin{IP: netip.MustParseAddr(ip), Hints: hints}
}

func (s *site) signIn(t *testing.T, o session.Origin, id session.DeviceID) (*session.Session, session.Token) {
	t.Helper()
	ticket, err := s.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	started, token, err := s.Start(t.Context(), ticket, o, session.StartOptions{DeviceID: id, Methods: []string{"pwd"}})
	if err != nil {
		t.Fatal(err)
	}
	return started, token
}

// settle signs alice in at home for a week.
func (s *site) settle(t *testing.T) (last *session.Session, token session.Token) {
	t.Helper()
	laptop := session.NewDeviceID()
	for range 4 {
		last, token = s.signIn(t, from(home, device.Hints{UserAgent: windows}), laptop)
		s.now = s.now.Add(48 * time.Hour)
	}
	if sent := s.take(); len(sent) > 0 {
		t.Fatalf("told of what is usual: %v", sent[0].Text)
	}
	return last, token
}

// only returns the one notice.
func (s *site) only(t *testing.T) notice.Notice {
	t.Helper()
	sent := s.take()
	if len(sent) != 1 {
		t.Fatalf("got %d notices, want 1: %+v", len(sent), sent)
	}
	return sent[0]
}

var address = regexp.MustCompile(`(?i)\bhttps?:|\bwww\.|\pL\.\pL|@`)

// mentions checks what both forms of a notice say, and what neither may.
func mentions(t *testing.T, n notice.Notice, want ...string) {
	t.Helper()
	for name, body := range map[string]string{"text": n.Text, "HTML": n.HTML} {
		flat := strings.NewReplacer("&#39;", "'", "&rarr;", "→").Replace(strings.Join(strings.Fields(body), " "))
		for _, w := range append(want, "never ask for your password") {
			if !strings.Contains(flat, w) {
				t.Errorf("%s: %q is missing in\n%s", name, w, body)
			}
		}
		if found := address.FindString(strings.ReplaceAll(flat, "https://photos.example/devices", "")); found != "" {
			t.Errorf("%s: an address, %q, in\n%s", name, found, body)
		}
	}
	if strings.ContainsAny(n.Subject, "\r\n") || n.Subject == "" {
		t.Errorf("got the subject %q", n.Subject)
	}
	for line := range strings.Lines(n.Text) {
		if len([]rune(line)) > 78 {
			t.Errorf("a long line: %q", line)
		}
	}
}

var photos = notice.Config{
	App: "Photos", Path: "Settings → Devices", URL: "https://photos.example/devices",
	Zone: func(context.Context, string) *time.Location { return time.FixedZone("CET", 3600) },
}

func TestNewDeviceAtHome(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	s.settle(t)
	started, _ := s.signIn(t, from("81.167.1.2", device.Hints{UserAgent: linux}), session.NewDeviceID())
	n := s.only(t)
	if n.Kind != notice.KindSignIn || n.Class != notice.ClassNotice || n.UserID != "alice" || n.SessionID != started.ID || n.Subject != "New sign-in to Photos" {
		t.Errorf("got %+v", n)
	}
	mentions(t, n, "Photos", "Settings → Devices", "https://photos.example/devices", "Chrome on Linux", "near Bergen, Norway (approximate)",
		"Tue 10 Mar 2026, 20:00 CET", "new:", "nothing to do", "Not me")
	for _, signal := range started.Signals {
		mentions(t, n, signal.Text)
	}
	if strings.Count(n.Text, "https:") != 1 || strings.Count(n.HTML, "href=") != 1 {
		t.Errorf("want the one link:\n%s\n%s", n.Text, n.HTML)
	}
	if len(n.Reasons) != len(started.Signals) {
		t.Errorf("got the codes %v", n.Reasons)
	}
}

func TestAlert(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	s.settle(t)
	started, _ := s.signIn(t, from(far, device.Hints{UserAgent: linux}), session.NewDeviceID())
	n := s.only(t)
	if n.Kind != notice.KindAlert || n.Class != notice.ClassAlert || n.Level < session.LevelAlert || n.SessionID != started.ID {
		t.Errorf("got %+v", n)
	}
	mentions(t, n, "Photos", "Settings → Devices", "Chrome on Linux", "through a VPN or data centre that shows as Cluj, Romania", "20:00 CET",
		"The last activity before it", "Firefox on Windows, near Bergen, Norway (approximate), Sun 8 Mar", "You're not usually active in Romania.", "Not me", "This was me")
	if strings.Contains(n.Text+n.HTML, "https:") {
		t.Error("an alert advises not to follow links, and has one")
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	_, token := s.settle(t)
	for range 2 { // told once a day
		if _, err := s.Resume(t.Context(), token.Credential(), from(far, device.Hints{UserAgent: linux})); err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(time.Hour)
	}
	n := s.only(t)
	if n.Kind != notice.KindMove || n.Class != notice.ClassAlert {
		t.Errorf("got %+v", n)
	}
	mentions(t, n, "Firefox on Windows", "Chrome on Linux", "Cluj, Romania", "It was used on another device: Chrome on Linux.", "Not me")
	if strings.Contains(n.Text, "paused") {
		t.Errorf("not paused, and said so: %s", n.Text)
	}
}

// A session that is paused is said to be; what is denied of it is the use, and
// not the sign-in; and neither is where the user was last active.
func TestSuspendedAndDenied(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	s.onHigh = session.ActionSuspend
	s.restart(t, photos, nil)
	_, token := s.settle(t)
	if _, err := s.Resume(t.Context(), token.Credential(), from(far, device.Hints{UserAgent: linux})); err != session.ErrSuspended {
		t.Fatalf("got %v", err)
	}
	mentions(t, s.only(t), "We have paused it", "Your other devices are untouched", "This was me")
	s.now = s.now.Add(time.Hour)
	err := s.Flush(t.Context())
	if err == nil {
		err = s.Deny(t.Context(), "alice", token.ID(), session.ID{})
	}
	if err != nil {
		t.Fatal(err)
	}
	n := s.only(t)
	mentions(t, n, "you said that it was not you: Firefox on Windows.", "It was used on another device: Chrome on Linux.", "signed out")
	if strings.Contains(n.Text, "Bergen") {
		t.Errorf("the user's own sign-in is in %s", n.Text)
	}
	s.now = s.now.Add(time.Hour)
	s.signIn(t, from("93.184.7.7", device.Hints{UserAgent: linux}), session.NewDeviceID())
	mentions(t, s.only(t), "The last activity before it that we are sure of:", "Firefox on Windows, near Bergen, Norway (approximate)")
}

func TestPasswordChanged(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	mine, _ := s.settle(t)
	for range 3 {
		s.signIn(t, from(home, device.Hints{UserAgent: windows}), session.DeviceID{})
	}
	if _, err := s.RevokeAllExcept(session.NewContext(t.Context(), mine), "alice", mine.ID, session.ReasonPasswordChanged); err != nil {
		t.Fatal(err)
	}
	n := s.only(t)
	if n.Kind != notice.KindPasswordChanged || n.Class != notice.ClassAlert || n.Subject != "Your password for Photos was changed" {
		t.Errorf("got %+v", n)
	}
	mentions(t, n, "Photos", "3 other devices were signed out", "Firefox on Windows, near Bergen", "20:00 CET", "forgotten your password")
	if _, err := s.RevokeAll(t.Context(), "alice", session.ReasonAdmin); err != nil {
		t.Fatal(err)
	}
	if sent := s.take(); len(sent) > 0 {
		t.Errorf("told of what an administrator did: %s", sent[0].Text)
	}
}

func TestDenied(t *testing.T) {
	t.Parallel()
	s := newSite(t, photos)
	mine, _ := s.settle(t)
	s.notices.Observe(t.Context(), session.Event{Kind: session.EventDenied, UserID: "alice", At: s.now, Session: mine})
	n := s.only(t)
	if n.Kind != notice.KindDenied || n.Class != notice.ClassAlert {
		t.Errorf("got %+v", n)
	}
	mentions(t, n, "Photos", "Firefox on Windows", "not you", "signed out", "change it")
}

// With the zero Config there are words for everything.
func TestZeroConfig(t *testing.T) {
	t.Parallel()
	s := newSite(t, notice.Config{})
	s.settle(t)
	s.signIn(t, from(far, device.Hints{UserAgent: linux}), session.NewDeviceID())
	mentions(t, s.only(t), "your account", "the list of your devices", "21:00 EET", "about the account alice")
}

// What a client says of itself is neither markup, nor a link, nor a line.
func TestNamesAreHarmless(t *testing.T) {
	t.Parallel()
	for _, model := range []string{
		`<script>alert(1)</script>`, `<a href="https://evil.example">x</a>`, "Call https://evil.example", "evil.example/a?b", "evil。example",
		"www.evil.example", "me@evil.example", "a\r\nBcc: me", "evil\u200b.example", "\u202eelpmaxe",
		"intranet/pay", "me@intranet", "tel:15550100",
	} {
		s := newSite(t, photos)
		s.settle(t)
		started, _ := s.signIn(t, from(far, device.Hints{UserAgent: "photos-android/2.0", AppModel: model, AppPlatform: "Android"}), session.NewDeviceID())
		n := s.only(t)
		mentions(t, n, "Photos")
		for _, bad := range []string{"<script", "<a ", "evil.example", "evil。example", "\r", "\nBcc", "\u202e", "\u200b", "intranet/", "me@", "tel:"} {
			if strings.Contains(n.Text+n.HTML+n.Subject, bad) {
				t.Errorf("%q (shown as %q): %q is in\n%s\n%s", model, started.First.Device.Title(), bad, n.Text, n.HTML)
			}
		}
	}
	s := newSite(t, photos)
	_, token := s.settle(t)
	mine, err := s.Resume(t.Context(), token.Credential(), from(home, device.Hints{UserAgent: windows}))
	if err == nil {
		_, err = s.Rename(t.Context(), "alice", mine.ID, `<b>my</b> "laptop" & evil.example`)
	}
	if err == nil {
		_, err = s.Resume(t.Context(), token.Credential(), from(far, device.Hints{UserAgent: linux}))
	}
	if err != nil {
		t.Fatal(err)
	}
	n := s.only(t)
	mentions(t, n, "Photos", "evil example")
	if strings.Contains(n.HTML, "<b>") || !strings.Contains(n.HTML, "&amp;") {
		t.Errorf("not escaped: %s", n.HTML)
	}
}

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	send := func(context.Context, notice.Notice) error { return nil }
	for _, cfg := range []notice.Config{
		{App: "Photos\r\nBcc: me"}, {Path: "a\nb"}, {URL: "/devices"}, {URL: "javascript:alert(1)"}, {URL: "javascript://photos.example/%0aalert(1)"}, {URL: "ftp://photos.example/"}, {URL: "https://user:pw@photos.example"}, {URL: "https://"},
	} {
		if _, err := notice.New(memstore.New(), send, cfg); err == nil {
			t.Errorf("%+v: no error", cfg)
		}
	}
	if _, err := notice.New(nil, send, notice.Config{}); err == nil {
		t.Error("no Store: no error")
	}
	if _, err := notice.New(memstore.New(), nil, notice.Config{}); err == nil {
		t.Error("nothing that sends: no error")
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	cfg := photos
	cfg.Language = func(_ context.Context, userID string) *locale.Locale {
		texts := map[string]string{"time.date": "{d}.{m}.{y}"}
		for name, text := range notice.Texts() {
			texts[name] = "¡\r\nX: " + text
		}
		for code := range risk.Sentences() {
			texts["signal."+code] = "code " + strings.ReplaceAll(code, ".", "-")
		}
		return &locale.Locale{Tag: "x-" + userID, RightToLeft: true, Texts: texts}
	}
	s := newSite(t, cfg)
	s.settle(t)
	s.signIn(t, from(far, device.Hints{UserAgent: linux}), session.NewDeviceID())
	n := s.only(t)
	if n.Lang != "x-alice" || !strings.Contains(n.HTML, `lang="x-alice" dir="rtl"`) {
		t.Errorf("got the language %q, %s", n.Lang, n.HTML)
	}
	mentions(t, n, "code country-new", "10.3.2026, 20:00 UTC", "¡")
}
