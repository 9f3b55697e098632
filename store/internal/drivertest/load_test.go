package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

const (
	loadWorkers = 8
	loadBatch   = 480 // sessions to revoke in the time of one kill
	killAfter   = 240 // of these have been revoked
)

// loss is what was acknowledged, and how much of it was gone.
type loss struct {
	revoked, alive int // revocations, and those that were undone
	started, gone  int
	recovery       time.Duration
}

func (l *loss) add(o loss) {
	l.revoked, l.alive = l.revoked+o.revoked, l.alive+o.alive
	l.started, l.gone = l.started+o.started, l.gone+o.gone
}

// load is people who sign in, are seen and sign out.
type load struct {
	*testing.T
	manager *session.Manager
	stay    session.Token // of a session that nobody ends

	mu       sync.Mutex
	waiting  [][]signedIn // to be ended, several at once
	revoked  []signedIn   // acknowledged
	started  []signedIn
	sessions atomic.Int64
}

type signedIn struct {
	user  string
	token session.Token
}

// prepare signs people in.
func (l *load) prepare() {
	l.Helper()
	var wg sync.WaitGroup
	for w := range loadWorkers {
		wg.Go(func() {
			for n := range loadBatch / loadWorkers / 4 {
				var group []signedIn
				for range 4 {
					s, err := l.signInAgain(fmt.Sprint("user ", w, " ", n))
					if err != nil {
						l.Error(err)
						return
					}
					group = append(group, s)
				}
				l.mu.Lock()
				l.waiting = append(l.waiting, group)
				l.mu.Unlock()
			}
		})
	}
	wg.Wait()
	s, err := l.signInAgain("somebody who stays")
	if err != nil {
		l.Fatal(err)
	}
	l.stay, l.started = s.token, nil
}

func (l *load) signIn(user string) (signedIn, error) {
	ctx := context.WithoutCancel(l.Context())
	ticket, err := l.manager.BeginSignIn(ctx, user)
	if err != nil {
		return signedIn{}, err
	}
	_, token, err := l.manager.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
	return signedIn{user, token}, err
}

// signInAgain signs in on a server that may just have been started: a pool
// notices only when it uses them that its connections are those of before.
func (l *load) signInAgain(user string) (s signedIn, err error) {
	for range 2 * loadWorkers {
		if s, err = l.signIn(user); err == nil {
			break
		}
	}
	return s, err
}

// run lets everybody do something until the server is gone, which is killed
// once it has acknowledged so many revocations.
func (l *load) run(kill func()) {
	l.Helper()
	enough, dead := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	for range loadWorkers {
		wg.Go(func() {
			for n := 0; ; n++ {
				if err := l.step(n); err != nil {
					l.judge(err, dead)
					return
				}
				if l.sessions.Load() >= killAfter {
					once.Do(func() { close(enough) })
				}
			}
		})
	}
	<-enough
	close(dead) // from now on it may be
	kill()
	wg.Wait()
}

// judge fails the test if err comes from a server that is there, or if it is
// an answer.
func (l *load) judge(err error, dead <-chan struct{}) {
	l.Helper()
	select {
	case <-dead:
	default:
		l.Errorf("before the kill: %v", err)
	}
	if errors.Is(err, session.ErrRefused) || errors.Is(err, session.ErrNotFound) {
		l.Errorf("the server is gone, and that is taken for an answer: %v", err)
	}
}

func (l *load) step(n int) error {
	ctx := context.WithoutCancel(l.Context())
	switch n % 3 {
	case 0:
		s, err := l.signIn("somebody new")
		if err == nil {
			l.mu.Lock()
			l.started = append(l.started, s)
			l.mu.Unlock()
		}
		return err
	case 1:
		_, err := l.manager.Resume(ctx, l.stay.Credential(), session.Origin{})
		return errors.Join(err, l.manager.Flush(ctx))
	}
	group := l.next()
	if group == nil {
		return nil
	}
	if n%2 == 0 {
		_, err := l.manager.RevokeAll(ctx, group[0].user, session.ReasonPasswordChanged)
		return l.acknowledged(err, group...)
	}
	for _, s := range group {
		err := l.manager.Revoke(ctx, s.user, s.token.ID(), session.ReasonSignedOut)
		if err := l.acknowledged(err, s); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) next() []signedIn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil
	}
	group := l.waiting[0]
	l.waiting = l.waiting[1:]
	return group
}

func (l *load) acknowledged(err error, all ...signedIn) error {
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.revoked = append(l.revoked, all...)
	l.sessions.Add(int64(len(all)))
	return nil
}

// await returns how long it took, once the server was back, until a request
// was let in again, over the connections of before.
func (l *load) await() time.Duration {
	l.Helper()
	begin := time.Now()
	var err error
	for time.Since(begin) < 30*time.Second {
		if _, err = l.manager.Resume(l.Context(), l.stay.Credential(), session.Origin{}); err == nil {
			return time.Since(begin)
		}
		if errors.Is(err, session.ErrRefused) {
			break
		}
	}
	l.Fatalf("after the kill: %v", err)
	return 0
}

// count looks what has become of what was acknowledged.
func (l *load) count() loss {
	l.Helper()
	return loss{
		revoked: len(l.revoked), alive: l.live(l.revoked),
		started: len(l.started), gone: len(l.started) - l.live(l.started),
	}
}

func (l *load) live(all []signedIn) (n int) {
	l.Helper()
	for _, s := range all {
		eventually(l, "an answer about a session", func() bool { // a connection may be the one of before
			_, err := l.manager.Resume(l.Context(), s.token.Credential(), session.Origin{})
			if err == nil {
				n++
			} else if !errors.Is(err, session.ErrRefused) {
				l.Logf("no answer: %v", err)
				return false
			}
			return true
		})
	}
	return n
}
