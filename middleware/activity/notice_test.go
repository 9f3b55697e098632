package activity_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	mails "github.com/signedin/signedin/session/notice"
)

// mailed is an account whose notices are kept.
type mailed struct {
	*site
	mu    sync.Mutex
	kinds []mails.Kind
	texts map[mails.Kind]string
}

// newMailed has an Assessor that finds what comes from Amsterdam strange, as
// much as the User-Agent says.
func newMailed(t *testing.T, onHigh session.Action) *mailed {
	t.Helper()
	m := &mailed{texts: make(map[mails.Kind]string)}
	cfg := session.Config{OnHigh: onHigh, WatchMode: -1, ProfileKeys: linkKeys}
	cfg.Device = func(h device.Hints) device.Device {
		name, _, _ := strings.Cut(h.UserAgent, " ")
		return device.Device{Kind: device.KindDesktop, Browser: name, OS: "Linux"}
	}
	cfg.Assessor = session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
		if c.Visit.IP.String() != "198.51.100.7" {
			return session.Verdict{}, nil
		}
		level := session.LevelAlert
		switch c.Visit.Device.Browser {
		case "Notice":
			level = session.LevelNotice
		case "High":
			level = session.LevelHigh
		}
		return session.Verdict{Level: level, Provisional: c.SignIn && level >= session.LevelAlert, Signals: []session.Signal{
			{Code: "country.new", Args: map[string]string{"countryCode": c.Visit.Device.Browser}, Text: "You're not usually there.", Level: level, At: c.Visit.At},
		}}, nil
	})
	var observe session.Observer
	cfg.Observers = []session.Observer{session.ObserverFunc(func(ctx context.Context, e session.Event) { observe.Observe(ctx, e) })}
	m.site = newSite(t, activity.Config{Reauthenticate: "/confirm", PasswordURL: "/password", RecoveryURL: "/recover", LinkKeys: linkKeys}, cfg)
	sender, err := mails.New(m.store, func(_ context.Context, n mails.Notice) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.kinds = append(m.kinds, n.Kind)
		m.texts[n.Kind] = n.Text
		return nil
	}, mails.Config{App: "Photos", Path: "Device activity"})
	if err != nil {
		t.Fatal(err)
	}
	observe = sender
	return m
}

func (m *mailed) has(t *testing.T, kind mails.Kind) string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.texts[kind] == "" {
		t.Fatalf("no notice of kind %q, but %q", kind, m.kinds)
	}
	return m.texts[kind]
}

// can walks what the text of a notice tells its reader to do, on the page that
// they get: what it names in quotes can be pressed there about the device, right
// away or after the proof that the page asks for.
func (c *client) can(text, id string, deny bool) {
	c.t.Helper()
	page := c.page("")
	if strings.Contains(page, "not shown yet") {
		if !strings.Contains(page, `href="/confirm?next=`) || !strings.Contains(page, "/recover") && !strings.Contains(page, "Confirm that it is you") {
			c.t.Fatalf("in doubt, and no way out: %s", page)
		}
		c.site.pass(time.Second)
		if c.prove("pwd"); strings.Contains(c.page(""), "not shown yet") {
			c.prove("pwd", "otp")
		}
		page = c.page("")
	}
	if strings.Contains(page, "not shown yet") {
		c.t.Fatal("no proof suffices")
	}
	for quoted, button := range map[string]string{"“Not me”": `name="not-me" value="` + id, "“This was me”": `name="was-me" value="` + id} {
		if button == `name="not-me" value="`+id && !deny {
			continue
		}
		if strings.Contains(text, quoted) && !strings.Contains(page, button) {
			c.t.Errorf("the notice says %s, and the page has no such button:\n%s", quoted, page)
		}
	}
	if deny {
		c.deny(id)
	}
	if strings.Contains(text, "sign out all other devices") {
		c.endOthers()
	}
}

// endOthers signs out all other devices, by the page's own way.
func (c *client) endOthers() {
	c.t.Helper()
	if page := c.page(""); strings.Contains(page, "No other device is signed in.") {
		return
	} else if !strings.Contains(page, `href="/account/devices/sign-out-others"`) {
		c.t.Errorf("the page cannot sign out all other devices:\n%s", page)
	}
	c.prove("pwd")
	wantDone(c.t, c, first(c.submit("/sign-out-others")), "All other devices are signed out.")
	if all := c.list("/api/sessions"); len(all) != 1 {
		c.t.Errorf("signed in are %v", all)
	}
}

func (c *client) deny(id string) {
	c.t.Helper()
	res, page := c.submit("/act", "not-me", id)
	if res.StatusCode == http.StatusUnauthorized { // it asks for a proof first, and goes on
		back := next(c.t, res, page)
		c.prove("pwd")
		res, page = c.do("GET", back, "")
	}
	if res.Header.Get("Location") != "/password?after=not-me" && !strings.Contains(page, `href="/password"`) {
		c.t.Errorf("Not me does not lead to a new password: %d %s %s", res.StatusCode, res.Header.Get("Location"), page)
	}
}

// What each notice tells its reader to do can be done on the page that they get:
// with one device or several, trusted or in doubt.
func TestNoticesCanBeDone(t *testing.T) {
	t.Parallel()
	strange := func(agent string) []string { return []string{"X-Test-IP", "198.51.100.7", "User-Agent", agent} }
	home := []string{"User-Agent", "Firefox 1"}
	for _, tt := range []struct {
		name   string
		kind   mails.Kind
		onHigh session.Action
		// happens returns the device that the notice is about, and who reads it.
		happens func(m *mailed) (about string, reader *client)
	}{
		{"a new sign-in, read on an older device", mails.KindSignIn, 0, func(m *mailed) (string, *client) {
			old := m.signIn(t, "alice", home...)
			m.pass(time.Hour)
			return m.signIn(t, "alice", strange("Notice x")...).id(), old
		}},
		{"an alert, read on an older device", mails.KindAlert, 0, func(m *mailed) (string, *client) {
			old := m.signIn(t, "alice", home...)
			m.pass(time.Hour)
			return m.signIn(t, "alice", strange("Chrome x")...).id(), old
		}},
		{"an alert, read by an older device that has moved itself", mails.KindAlert, 0, func(m *mailed) (string, *client) {
			old := m.signIn(t, "alice", home...)
			m.pass(time.Hour)
			about := m.signIn(t, "alice", strange("Chrome x")...).id()
			m.pass(time.Hour)
			old.header = strange("Firefox 1")
			return about, old
		}},
		{"a move, of the only device", mails.KindMove, 0, func(m *mailed) (string, *client) {
			old := m.signIn(t, "alice", home...)
			m.pass(time.Hour)
			old.header = strange("Firefox 1")
			old.page("")
			return old.id(), old
		}},
		{"a move, read on another device", mails.KindMove, 0, func(m *mailed) (string, *client) {
			old, other := m.signIn(t, "alice", home...), m.signIn(t, "alice", "User-Agent", "Safari x")
			m.pass(time.Hour)
			id := old.id()
			old.header = strange("Firefox 1")
			old.page("")
			return id, other
		}},
		{"a move that was paused, read on another device", mails.KindMove, session.ActionSuspend, func(m *mailed) (string, *client) {
			old, other := m.signIn(t, "alice", "User-Agent", "High x"), m.signIn(t, "alice", "User-Agent", "Safari x")
			m.pass(time.Hour)
			id := old.id()
			old.header = strange("High x")
			old.do("GET", base+"/", "")
			return id, other
		}},
		{"a new sign-in, read where one has just signed in, in doubt", mails.KindSignIn, 0, func(m *mailed) (string, *client) {
			m.signIn(t, "alice", home...)
			m.pass(time.Hour)
			reader := m.signIn(t, "alice", strange("Chrome x")...)
			m.pass(time.Hour)
			return m.signIn(t, "alice", strange("Notice x")...).id(), reader
		}},
		{"several at once, read by a device that has moved itself", mails.KindMore, 0, func(m *mailed) (id string, old *client) {
			old = m.signIn(t, "alice", home...)
			m.pass(time.Hour)
			for _, agent := range []string{"A x", "B x", "C x", "D x", "E x", "F x", "G x"} {
				m.pass(time.Minute)
				id = m.signIn(t, "alice", strange(agent)...).id()
			}
			m.pass(time.Hour)
			old.header = strange("Firefox 1")
			return id, old
		}},
		{"an old copy, read on another device", mails.KindReused, 0, func(m *mailed) (string, *client) {
			other := m.signIn(t, "alice", home...)
			return m.copied(t), other
		}},
		{"an old copy, of the only device, read after signing in again", mails.KindReused, 0, func(m *mailed) (string, *client) {
			id := m.copied(t)
			return id, m.signIn(t, "alice", home...)
		}},
		{"an old copy, read after signing in again, in doubt", mails.KindReused, 0, func(m *mailed) (string, *client) {
			m.signIn(t, "alice", home...)
			id := m.copied(t)
			return id, m.signIn(t, "alice", strange("Chrome x")...)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMailed(t, tt.onHigh)
			about, reader := tt.happens(m)
			reader.t = t
			text := m.has(t, tt.kind)
			reader.can(text, about, strings.Contains(text, "“Not me”"))
			if !strings.Contains(text, "Device activity") {
				t.Errorf("the notice does not say where: %s", text)
			}
		})
	}
	for _, inDoubt := range []bool{false, true} {
		t.Run(fmt.Sprintf("what follows from Not me, in doubt: %v, and a changed password", inDoubt), func(t *testing.T) { noticesThatFollow(t, inDoubt) })
	}
	t.Run("several at once", func(t *testing.T) {
		t.Parallel()
		m := newMailed(t, 0)
		old := m.signIn(t, "alice", home...)
		old.t = t
		m.pass(time.Hour)
		var id string
		for _, agent := range []string{"A x", "B x", "C x", "D x", "E x", "F x", "G x"} {
			m.pass(time.Minute)
			id = m.signIn(t, "alice", strange(agent)...).id()
		}
		old.can(m.has(t, mails.KindMore), id, true)
	})
}

// noticesThatFollow are those about what the user, or somebody else, has done.
func noticesThatFollow(t *testing.T, inDoubt bool) {
	t.Parallel()
	m := newMailed(t, 0)
	old := m.signIn(t, "alice", "User-Agent", "Firefox 1")
	old.t = t
	m.pass(time.Hour)
	id := m.signIn(t, "alice", "X-Test-IP", "198.51.100.7", "User-Agent", "Chrome x").id()
	m.signIn(t, "alice", "User-Agent", "Safari x")
	old.prove("pwd")
	want(t, first(old.submit("/act", "not-me", id)), http.StatusSeeOther)
	if inDoubt {
		m.pass(time.Hour)
		old.header = []string{"X-Test-IP", "198.51.100.7", "User-Agent", "Firefox 1"}
	}
	old.can(m.has(t, mails.KindDenied), id, false)
	all, err := m.manager.RevokeAll(t.Context(), "alice", session.ReasonPasswordChanged)
	if err != nil || all == 0 {
		t.Fatal(all, err)
	}
	if text := m.has(t, mails.KindPasswordChanged); !strings.Contains(text, "forgotten") {
		t.Errorf("no word of how to get the account back: %s", text) // the host's page, of which we know RecoveryURL
	}
}

// copied has alice signed in on a device whose cookie somebody copies, and rotates
// first, and returns its ID.
func (m *mailed) copied(t *testing.T) string {
	t.Helper()
	ticket, err := m.manager.BeginSignIn(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	owner := session.Origin{IP: netip.MustParseAddr("203.0.113.9"), Hints: device.Hints{UserAgent: "Safari x"}}
	s, owners, err := m.manager.Start(t.Context(), ticket, owner, session.StartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m.pass(24 * time.Hour)
	thiefs, err := m.manager.RotatePeriodic(t.Context(), owners)
	if err != nil || thiefs.IsZero() {
		t.Fatalf("no rotation: %v", err)
	}
	for range 2 {
		if _, err := m.manager.Resume(t.Context(), thiefs.Credential(), owner); err != nil {
			t.Fatal(err)
		}
		m.pass(session.RotationGrace)
	}
	if _, err := m.manager.Resume(t.Context(), owners.Credential(), owner); err != session.ErrReused {
		t.Fatalf("got %v", err)
	}
	return s.ID.String()
}
