package session_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

var errDown = errors.New("the store is down")

// fault fails one call of a store: the one with its number, once the effect is
// there or before.
type fault struct {
	*storetest.Hooked
	mem       *memstore.Store
	at, calls int
	late      bool
}

func newFault(late bool) *fault {
	f := &fault{mem: memstore.New(), late: late}
	f.Hooked = &storetest.Hooked{Store: f.mem, Before: f.before, After: f.after}
	return f
}

func (f *fault) arm(n int) { f.at, f.calls = n, 0 }

func (f *fault) before(string) error {
	f.calls++
	return f.fail(false)
}

func (f *fault) after(string) error { return f.fail(true) }

func (f *fault) fail(late bool) error {
	if f.calls == f.at && f.late == late {
		return errDown
	}
	return nil
}

// Profile and SaveProfile fail like the rest.
func (f *fault) Profile(ctx context.Context, userID string) (blob []byte, version int64, err error) {
	if err := f.before("Profile"); err != nil {
		return nil, 0, err
	}
	if blob, version, err = f.mem.Profile(ctx, userID); err == nil {
		err = f.after("Profile")
	}
	return blob, version, err
}

func (f *fault) SaveProfile(ctx context.Context, userID string, blob []byte, version int64) error {
	if err := f.before("SaveProfile"); err != nil {
		return err
	}
	return errors.Join(f.mem.SaveProfile(ctx, userID, blob, version), f.after("SaveProfile"))
}

// party is somebody with two sessions, on a store that may fail.
type party struct {
	*bench
	*testing.T
	fault       *fault
	mine, other session.Token // what the clients have
	kept        session.ID
}

func newParty(t *testing.T, late bool) *party {
	p := &party{T: t, fault: newFault(late)}
	p.bench = newBenchOver(t, p.fault, session.Config{ProfileKeys: session.NewKeys([]byte("0123456789abcdef0123456789abcdef")), MaxPerUser: 3})
	_, p.other = p.start(t, "ada", session.StartOptions{DeviceID: session.NewDeviceID()})
	p.clock.advance(time.Minute)
	var s *session.Session
	s, p.mine = p.start(t, "ada", session.StartOptions{DeviceID: session.NewDeviceID()})
	p.kept = s.ID
	return p
}

func (p *party) resume(t session.Token) error {
	_, err := p.Resume(p.Context(), t.Credential(), home)
	return err
}

func (p *party) replace(t session.Token, err error) error {
	if err == nil && !t.IsZero() {
		p.mine = t
	}
	return err
}

// operations are what a host does. ends says which sessions are over once it
// is done: mine, the other one.
var operations = map[string]struct {
	do          func(p *party) error
	mine, other bool
	sessions    int  // live and ended ones of the user, if that is looked at
	lenient     bool // the operation has succeeded also if mine did not end
}{
	"sign in": {sessions: 3, do: func(p *party) error {
		ticket, err := p.BeginSignIn(p.Context(), "ada")
		if err == nil {
			_, _, err = p.Start(p.Context(), ticket, home, session.StartOptions{DeviceID: session.NewDeviceID()})
		}
		return err
	}},
	"sign in again": {mine: true, lenient: true, do: func(p *party) error {
		ticket, err := p.BeginSignIn(p.Context(), "ada")
		if err == nil {
			_, _, err = p.Start(p.Context(), ticket, home, session.StartOptions{Replaces: &session.Session{ID: p.kept, UserID: "ada"}})
		}
		return err
	}},
	"resume": {do: func(p *party) error { p.clock.advance(time.Hour); return p.resume(p.mine) }},
	"open": {do: func(p *party) error {
		var conn session.Conn
		_, err := p.Open(p.Context(), p.mine.Credential(), home, &conn, nil)
		if err == nil {
			conn.Close()
		}
		return err
	}},
	"list":    {do: func(p *party) error { _, err := p.List(p.Context(), "ada"); return err }},
	"history": {do: func(p *party) error { _, err := p.History(p.Context(), "ada", 5); return err }},
	"export":  {do: func(p *party) error { _, err := p.Export(p.Context(), "ada"); return err }},
	"rename":  {do: func(p *party) error { _, err := p.Rename(p.Context(), "ada", p.kept, "kitchen"); return err }},
	"flush":   {do: func(p *party) error { return p.Flush(p.Context()) }},
	"purge":   {do: func(p *party) error { _, err := p.Purge(p.Context()); return err }},
	"rotate": {do: func(p *party) error {
		_, token, err := p.Rotate(p.Context(), "ada", p.kept)
		return p.replace(token, err)
	}},
	"rotate periodically": {do: func(p *party) error {
		p.clock.advance(25 * time.Hour)
		token, err := p.RotatePeriodic(p.Context(), p.mine)
		return errors.Join(p.replace(token, err), p.resume(p.mine))
	}},
	"prove again": {do: func(p *party) error {
		re, err := p.Reauthenticated(p.Context(), "ada", p.kept, session.Proof{})
		return p.replace(re.Token, err)
	}},
	"change the password": {other: true, do: func(p *party) error {
		re, err := p.Reauthenticated(p.Context(), "ada", p.kept, session.Proof{RevokeOthers: session.ReasonPasswordChanged})
		return p.replace(re.Token, err)
	}},
	"sign out": {mine: true, do: func(p *party) error { return p.Revoke(p.Context(), "ada", p.kept, session.ReasonSignedOut) }},
	"sign out others": {other: true, do: func(p *party) error {
		_, err := p.RevokeAllExcept(p.Context(), "ada", p.kept, session.ReasonSignedOutOthers)
		return err
	}},
	"sign out all": {mine: true, other: true, do: func(p *party) error {
		_, err := p.RevokeAll(p.Context(), "ada", session.ReasonAdmin)
		return err
	}},
	"sign out everyone": {mine: true, other: true, do: func(p *party) error { return p.RevokeEveryone(p.Context(), session.ReasonEveryone) }},
	"forget a device":   {do: func(p *party) error { return p.ForgetDevice(p.Context(), "ada", p.kept) }},
	"forget devices":    {do: func(p *party) error { return p.ForgetDevices(p.Context(), "ada") }},
	"this was me":       {do: func(p *party) error { _, err := p.Confirm(p.Context(), "ada", p.kept, p.other.ID()); return err }},
	"this wasn't me":    {mine: true, do: func(p *party) error { return p.Deny(p.Context(), "ada", p.kept, p.other.ID()) }},
	"the host denies":   {other: true, do: func(p *party) error { return p.Deny(p.Context(), "ada", p.other.ID(), session.ID{}) }},
	"review": {do: func(p *party) error {
		_, err := p.Review(p.Context(), &session.Session{UserID: "ada"})
		return err
	}},
	"reviewed": {do: func(p *party) error { return p.Reviewed(p.Context(), &session.Session{UserID: "ada"}) }},
	"erase":    {mine: true, other: true, do: func(p *party) error { return p.Erase(p.Context(), "ada") }},
}

// TestEveryCallFails has the n-th call of the store fail, for every n of every
// operation, before its effect or after it. What comes of it is the same as
// without, or trouble and no answer; nobody is signed out by it, and what is
// tried again ends as it should. What is open on a session that is over is cut.
func TestEveryCallFails(t *testing.T) {
	before := runtime.NumGoroutine()
	for name, op := range operations {
		for _, late := range []bool{false, true} {
			for n := 1; ; n++ {
				p := newParty(t, late)
				conns := p.connect()
				p.fault.arm(n)
				err := op.do(p)
				happened := p.fault.calls >= n
				p.fault.arm(0)
				what := fmt.Sprintf("%s, call %d, after its effect %v", name, n, late)
				p.judge(what, err, op.mine)
				if err != nil && op.do(p) != nil {
					t.Errorf("%s: tried again: %v", what, err)
				}
				if !op.lenient || !happened {
					p.wantOver(what, p.mine, conns[0], op.mine)
				}
				p.wantOver(what, p.other, conns[1], op.other)
				if all := p.count(); op.sessions > 0 && all != op.sessions {
					t.Errorf("%s: in the end: got %d sessions, want %d", what, all, op.sessions)
				}
				if t.Failed() || !happened {
					break
				}
			}
		}
	}
	after := runtime.NumGoroutine()
	for n := 0; after > before && n < 1000; n++ { // one that is done counts until it has gone
		time.Sleep(10 * time.Millisecond)
		after = runtime.NumGoroutine()
	}
	if after > before {
		t.Errorf("%d goroutines, there were %d", after, before)
	}
}

// connect opens a connection on each session.
func (p *party) connect() (conns [2]*session.Conn) {
	for i, token := range []session.Token{p.mine, p.other} {
		conns[i] = new(session.Conn)
		if _, err := p.Open(p.Context(), token.Credential(), home, conns[i], nil); err != nil {
			p.Fatal(err)
		}
	}
	return conns
}

// judge looks at what came of a call that met with trouble: nobody is out but
// who asked for that.
func (p *party) judge(what string, err error, mayEnd bool) {
	p.Helper()
	for _, answer := range []error{session.ErrRefused, session.ErrNotFound, session.ErrOutdated, session.ErrExists} {
		if errors.Is(err, answer) {
			p.Errorf("%s: %v, which is an answer", what, err)
		}
	}
	if err := p.resume(p.mine); err != nil && !mayEnd {
		p.Errorf("%s: signed out: %v", what, err)
	}
}

// count returns how many sessions are kept of the user.
func (p *party) count() int {
	p.Helper()
	e, err := p.Export(p.Context(), "ada")
	if err != nil {
		p.Fatal(err)
	}
	return len(e.Sessions)
}

func (p *party) wantOver(what string, token session.Token, conn *session.Conn, over bool) {
	p.Helper()
	if err := p.resume(token); errors.Is(err, session.ErrRefused) != over {
		p.Errorf("%s: in the end: resume: %v; want over: %v", what, err, over)
	}
	if cut := conn.Err() != nil; cut != over {
		p.Errorf("%s: in the end: an open connection is cut: %v, want %v", what, cut, over)
	}
	if conn.Err() == nil {
		conn.Close()
	}
}

// A change that failed is not taken for one whose answer got lost, though
// another one has come between.
func TestFailedChangeIsNotAnothers(t *testing.T) {
	store := &storetest.Hooked{Store: memstore.New()}
	b := newBenchOver(t, store, session.Config{})
	other := newBenchOver(t, store.Store, session.Config{})
	s, _ := b.start(t, "ada", session.StartOptions{})
	store.Before = func(method string) error {
		if method != "Update" {
			return nil
		}
		if _, err := other.SetAttrs(t.Context(), "ada", s.ID, map[string]string{"theirs": "1"}); err != nil {
			t.Error(err)
		}
		return errDown
	}
	if _, err := b.SetAttrs(t.Context(), "ada", s.ID, map[string]string{"ours": "1"}); !errors.Is(err, errDown) {
		t.Errorf("attributes that were not set: got %v, want %v", err, errDown)
	}
}
