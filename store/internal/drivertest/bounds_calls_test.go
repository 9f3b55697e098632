package drivertest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// bounds makes the calls of TestBounds on one store.
type bounds struct {
	*testing.T
	store   session.Store
	m       *session.Manager
	own     map[string]signedIn // a session for each call that changes one
	seen    *session.Session
	foreign session.Credential
	unknown session.ID
}

// boundedCall is a call, and how long it may take.
type boundedCall struct {
	bound time.Duration
	do    func() error
}

// changing are the calls that get a session of their own.
var changing = []string{"Resume", "Open", "OpenDoor", "Standing", "Rename", "Bind", "BoundTo", "SetAttrs", "Rotate", "RotatePeriodic", "Reauthenticated",
	"Reauthenticated and others", "Confirm", "Deny", "Revoke", "RevokeEach", "RevokeAll", "RevokeAllExcept", "ForgetDevice", "Erase", "Disable"}

// newBounds signs people in while all is well.
func newBounds(t *testing.T, st session.Store) *bounds {
	t.Helper()
	m, err := session.New(st, session.Config{
		ProfileKeys: session.NewKeys([]byte("a key of thirty-two bytes, for it")), TouchInterval: time.Millisecond, FlushInterval: time.Hour,
		Assessor: session.AssessorFunc(func(context.Context, session.Case) (session.Verdict, error) { return session.Verdict{}, nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bounds{T: t, store: st, m: m, own: make(map[string]signedIn), unknown: session.ID{1}}
	for _, what := range changing {
		b.prepare(func() (err error) { b.own[what], err = b.signIn(t.Context(), what); return err })
	}
	var ada signedIn
	b.prepare(func() (err error) { ada, err = b.signIn(t.Context(), "ada"); return err })
	b.prepare(func() (err error) {
		b.seen, err = m.Resume(t.Context(), ada.token.Credential(), session.Origin{})
		return err
	})
	b.foreign = session.ForeignCredential("of another system")
	time.Sleep(5 * time.Millisecond) // TouchInterval: the next visits are worth to be written
	return b
}

// prepare calls f until it succeeds: there is no trouble yet, but a machine that
// is slow, and reads are given no more time than in earnest.
func (b *bounds) prepare(f func() error) {
	b.Helper()
	var err error
	for began := time.Now(); time.Since(began) < 6*hangs; {
		if err = f(); err == nil {
			return
		}
	}
	b.Fatal(err)
}

func (b *bounds) signIn(ctx context.Context, user string) (signedIn, error) {
	ticket, err := b.m.BeginSignIn(ctx, user)
	if err != nil {
		return signedIn{}, err
	}
	_, token, err := b.m.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
	return signedIn{user, token}, err
}

// cells are all calls, by the method and what is special about the call.
func (b *bounds) cells() map[string]boundedCall {
	all := make(map[string]boundedCall)
	b.ofStore(func(what string, bound time.Duration, do func(ctx context.Context) error) {
		all[what] = boundedCall{bound, func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(b.Context()), ofCaller)
			defer cancel()
			return do(ctx)
		}}
	})
	b.ofManager(func(what string, bound time.Duration, do func(ctx context.Context) error) {
		all["Manager."+what] = boundedCall{bound, func() error { return do(context.WithoutCancel(b.Context())) }}
	})
	return all
}

// add adds a call with its bound.
type add func(what string, bound time.Duration, do func(ctx context.Context) error)

func (b *bounds) ofStore(add add) {
	key := []session.IssuerKey{{1}}
	add("Create", ofCaller, func(ctx context.Context) error { return b.store.Create(ctx, sample(1)) })
	add("Get", ofRequest, func(ctx context.Context) error {
		_, _, err := b.store.Get(ctx, b.seen.ID)
		return err
	})
	add("GetMany", ofCaller, func(ctx context.Context) error {
		_, err := b.store.GetMany(ctx, []session.ID{b.seen.ID, b.unknown})
		return err
	})
	add("Generation", ofRequest, func(ctx context.Context) error { _, err := b.store.Generation(ctx, "ada"); return err })
	add("CountLive", ofCaller, func(ctx context.Context) error { _, err := b.store.CountLive(ctx, "ada"); return err })
	add("Update", ofCaller, func(ctx context.Context) error { return b.store.Update(ctx, b.seen) })
	add("Touch", ofCaller, func(ctx context.Context) error { return b.store.Touch(ctx, []session.Touch{{ID: b.seen.ID}}) })
	add("Mark", ofCaller, func(ctx context.Context) error { _, err := b.store.Mark(ctx, "ada", 100); return err })
	for what, q := range map[string]session.Query{
		"List live": {UserID: "ada"}, "List ended": {UserID: "ada", State: session.StateEnded},
	} {
		add(what, ofCaller, func(ctx context.Context) error { _, err := b.store.List(ctx, q); return err })
	}
	for what, r := range map[string]session.Revocation{
		"Revoke": {UserID: "nobody", Only: []session.ID{{1}}}, "Revoke all": {UserID: "nobody", All: true},
		"Revoke everyone": {Everyone: true},
	} {
		add(what, ofCaller, func(ctx context.Context) error { _, err := b.store.Revoke(ctx, r); return err })
	}
	for what, p := range map[string]session.Purge{
		"Purge": {Now: someTime, Limit: 10}, "Purge a user": {Now: someTime, UserID: "nobody"}, "Purge remnants": {Remnants: []session.ID{{1}}},
	} {
		add(what, ofCaller, func(ctx context.Context) error { _, err := b.store.Purge(ctx, p); return err })
	}
	profiles, _ := b.store.(session.Profiles)
	add("Profiles.Profile", ofCaller, func(ctx context.Context) error { _, _, err := profiles.Profile(ctx, "ada"); return err })
	add("Profiles.SaveProfile", ofCaller, func(ctx context.Context) error { return profiles.SaveProfile(ctx, "bob", []byte("x"), 0) })
	issuers, _ := b.store.(session.Issuers)
	add("Issuers.Link", ofCaller, func(ctx context.Context) error { return issuers.Link(ctx, b.seen.ID, key, someTime) })
	add("Issuers.Linked", ofCaller, func(ctx context.Context) error { _, err := issuers.Linked(ctx, key[0], session.ID{}, 10); return err })
	add("Issuers.Counters", ofCaller, func(ctx context.Context) error { _, err := issuers.Counters(ctx, key); return err })
	add("Issuers.Count", ofCaller, func(ctx context.Context) error { return issuers.Count(ctx, key, someTime) })
	clock, _ := b.store.(session.Clock)
	add("Clock.ServerTime", ofCaller, func(ctx context.Context) error { _, err := clock.ServerTime(ctx); return err })
}

func (b *bounds) ofManager(add add) {
	m := b.m
	// read is of calls that read one session, which each request does, write of
	// those that write one besides, and do those whose steps have 5 seconds each.
	of := func(what string, bound time.Duration, call func(ctx context.Context, s signedIn) error) {
		add(what, bound, func(ctx context.Context) error { return call(ctx, b.own[what]) })
	}
	read := func(what string, call func(ctx context.Context, s signedIn) error) { of(what, ofRequest, call) }
	write := func(what string, call func(ctx context.Context, s signedIn) error) {
		of(what, ofWrite+2*ofRequest, call)
	}
	do := func(what string, steps int, call func(ctx context.Context) error) {
		add(what, time.Duration(steps)*ofWrite+2*ofRequest, call)
	}
	read("Resume", func(ctx context.Context, s signedIn) error {
		_, err := m.Resume(ctx, s.token.Credential(), session.Origin{})
		return err
	})
	read("Open", func(ctx context.Context, s signedIn) error {
		_, err := m.Open(ctx, s.token.Credential(), session.Origin{}, new(session.Conn), nil)
		return err
	})
	read("OpenDoor", func(ctx context.Context, s signedIn) error {
		_, err := m.OpenDoor(ctx, s.token.Credential(), session.Origin{}, new(session.Conn), nil, nil)
		return err
	})
	read("Standing", func(ctx context.Context, s signedIn) error {
		_, _, err := m.Standing(ctx, s.token.Credential())
		return err
	})
	read("BeginSignIn", func(ctx context.Context, _ signedIn) error { _, err := m.BeginSignIn(ctx, "ada"); return err })
	write("BoundTo", func(ctx context.Context, s signedIn) error {
		_, err := m.BoundTo(ctx, s.token.ID())
		if errors.Is(err, session.ErrUnbound) { // it has no key, but it was read
			return nil
		}
		return err
	})
	write("Bind", func(ctx context.Context, s signedIn) error {
		_, err := m.Bind(ctx, s.user, s.token.ID(), "key", "ES256")
		return err
	})
	write("Rename", func(ctx context.Context, s signedIn) error {
		_, err := m.Rename(ctx, s.user, s.token.ID(), "renamed")
		return err
	})
	write("SetAttrs", func(ctx context.Context, s signedIn) error {
		_, err := m.SetAttrs(ctx, s.user, s.token.ID(), map[string]string{"a": "b"})
		return err
	})
	write("Rotate", func(ctx context.Context, s signedIn) error {
		_, _, err := m.Rotate(ctx, s.user, s.token.ID())
		return err
	})
	write("RotatePeriodic", func(ctx context.Context, s signedIn) error { _, err := m.RotatePeriodic(ctx, s.token); return err })
	write("Reauthenticated", func(ctx context.Context, s signedIn) error {
		_, err := m.Reauthenticated(ctx, s.user, s.token.ID(), session.Proof{})
		return err
	})
	do("Reauthenticated and others", 4, func(ctx context.Context) error { // and forgets devices
		s := b.own["Reauthenticated and others"]
		_, err := m.Reauthenticated(ctx, s.user, s.token.ID(), session.Proof{RevokeOthers: session.ReasonPasswordChanged})
		return err
	})
	write("Confirm", func(ctx context.Context, s signedIn) error {
		_, err := m.Confirm(ctx, s.user, s.token.ID(), s.token.ID())
		if err == session.ErrNotOlder {
			err = nil // an answer that is right: it has read the session
		}
		return err
	})
	write("Deny", func(ctx context.Context, s signedIn) error { return m.Deny(ctx, s.user, s.token.ID(), session.ID{}) })
	write("Revoke", func(ctx context.Context, s signedIn) error {
		return m.Revoke(ctx, s.user, s.token.ID(), session.ReasonSignedOut)
	})
	write("RevokeEach", func(ctx context.Context, s signedIn) error {
		_, err := m.RevokeEach(ctx, s.user, []session.ID{s.token.ID()}, session.ReasonSignedOut)
		return err
	})
	do("RevokeAll", 2, func(ctx context.Context) error { // without Run it marks, too
		_, err := m.RevokeAll(ctx, "RevokeAll", session.ReasonAdmin)
		return err
	})
	do("RevokeAllExcept", 2, func(ctx context.Context) error {
		_, err := m.RevokeAllExcept(ctx, "RevokeAllExcept", b.own["RevokeAllExcept"].token.ID(), session.ReasonSignedOutOthers)
		return err
	})
	write("ForgetDevice", func(ctx context.Context, s signedIn) error { return m.ForgetDevice(ctx, s.user, s.token.ID()) })
	write("ForgetDevices", func(ctx context.Context, _ signedIn) error { return m.ForgetDevices(ctx, "ada") })
	write("Disown", func(ctx context.Context, _ signedIn) error { return m.Disown(ctx, b.foreign) })
	do("Flush", 2, m.Flush) // one after the other
	write("EndWatchMode", func(ctx context.Context, _ signedIn) error { return m.EndWatchMode(ctx) })
	write("Reviewed", func(ctx context.Context, _ signedIn) error { return m.Reviewed(ctx, b.seen) })
	do("WatchMode", 1, func(ctx context.Context) error { _, err := m.WatchMode(ctx); return err })
	do("Start", 2, func(ctx context.Context) error {
		ticket := session.Ticket{UserID: "bob", At: m.Now()} // of a BeginSignIn before the trouble
		_, _, err := m.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
		return err
	})
	do("Adopt", 2, func(ctx context.Context) error {
		_, err := m.Adopt(ctx, b.foreign, session.Origin{}, session.Adoption{UserID: "bob"})
		return err
	})
	do("Move", 4, func(ctx context.Context) error {
		_, err := m.Move(ctx, "of another system, too", session.Origin{}, session.Adoption{UserID: "bob"})
		return err
	})
	do("Renewed", 2, func(ctx context.Context) error {
		_, err := m.Renewed(ctx, b.foreign, session.ForeignCredential("the next one"))
		return err
	})
	write("UseProof", func(ctx context.Context, _ signedIn) error { return m.UseProof(ctx, "ada", b.seen.ID, "delete") })
	issued := session.Issued{Issuer: "https://id.example", Subject: "s"}
	do("BeginIssued", 1, func(ctx context.Context) error { _, err := m.BeginIssued(ctx, "bob", issued); return err })
	do("RevokeIssued", 1, func(ctx context.Context) error {
		_, err := m.RevokeIssued(ctx, session.IssuerSignOut{Issued: issued})
		return err
	})
	do("List", 1, func(ctx context.Context) error { _, err := m.List(ctx, "ada"); return err })
	do("ListPage", 1, func(ctx context.Context) error { _, err := m.ListPage(ctx, "ada", nil, 10); return err })
	do("History", 2, func(ctx context.Context) error { _, err := m.History(ctx, "ada", 10); return err })
	do("Export", 4, func(ctx context.Context) error { _, err := m.Export(ctx, "ada"); return err })
	do("Review", 3, func(ctx context.Context) error { _, err := m.Review(ctx, b.seen); return err })
	do("RevokeEveryone", 2, func(ctx context.Context) error { return m.RevokeEveryone(ctx, session.ReasonEveryone) })
	do("Purge", 8, func(ctx context.Context) error { _, err := m.Purge(ctx); return err })
	for what, call := range map[string]func(ctx context.Context, userID string) error{"Erase": m.Erase, "Disable": m.Disable} {
		do(what, 4, func(ctx context.Context) error { return call(ctx, b.own[what].user) })
	}
}
