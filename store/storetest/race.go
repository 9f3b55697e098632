package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

// Race looks for a session that is accepted although it was revoked. In each
// round one goroutine revokes a session, or all of a user's, or all but one, or
// erases the user, while others check it, touch it, rotate its secret, bind it to a
// key, rename it and sign in. A check that starts after the revocation has returned (and
// the staleness of a cache has passed) must not find the session live; when
// all is quiet nothing may have come back, and what was kept must be there.
//
// Every call is given a context that yields whenever the store looks at it, so
// that calls overlap inside the store. Race logs how many did.
//
// The environment variable SIGNEDIN_RACE_ROUNDS replaces rounds, for a long
// run.
func Race(t *testing.T, newStore func(t *testing.T) session.Store, staleness time.Duration, rounds int) Raced {
	if n, err := strconv.Atoi(os.Getenv("SIGNEDIN_RACE_ROUNDS")); err == nil {
		rounds = n
	}
	r := &race{store: newStore(t), staleness: staleness, limit: int64(rounds)}
	r.run(t)
	return r.counts()
}

// Raced is what [Race] has counted.
type Raced struct {
	Rounds     int64
	Overlapped int64 // rounds in which a call overlapped the revocation
	Checks     int64 // checks that started after a revocation had returned
	Accepted   int64 // checks that should not have found the session live, and did
}

func raceBriefly(k *kit) {
	r := &race{store: k.store, staleness: k.staleness, limit: 200}
	r.run(k.T)
	*k.raced = r.counts()
}

// race is a run of [Race] and what it has counted.
type race struct {
	store     session.Store
	staleness time.Duration
	limit     int64 // rounds

	rounds, overlapped atomic.Int64 // rounds, and those of them in which a call overlapped the revocation
	calls, overlaps    atomic.Int64 // calls beside a revocation, and those that overlapped it
	late, accepted     atomic.Int64 // checks that started after it, and those that found the session live

	mu     sync.Mutex
	broken []string
}

// lanes is how many rounds run at the same time, each with a user of its own.
const lanes = 4

func (r *race) run(t *testing.T) {
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			for n := r.rounds.Add(1); n <= r.limit && !r.isBroken(); n = r.rounds.Add(1) {
				r.round(fmt.Sprintf("user %d", lane), way(n%int64(ways)))
			}
		})
	}
	wg.Wait()
	for _, b := range r.broken {
		t.Error(b)
	}
	n := r.counts()
	t.Logf("%d rounds, %d of them with an overlap; %d calls beside the revocation, %d overlapped it; %d checks started after it",
		n.Rounds, n.Overlapped, r.calls.Load(), r.overlaps.Load(), n.Checks)
}

func (r *race) counts() Raced {
	return Raced{
		Rounds: min(r.rounds.Load(), r.limit), Overlapped: r.overlapped.Load(),
		Checks: r.late.Load(), Accepted: r.accepted.Load(),
	}
}

func (r *race) isBroken() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.broken) > 0
}

func (r *race) breaks(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.broken) < 10 {
		r.broken = append(r.broken, fmt.Sprintf(format, args...))
	}
}

// way is how a round ends its sessions.
type way int64

const (
	wayOne way = iota
	wayAll
	wayAllExcept
	wayErase
	ways
)

func (w way) String() string { return [...]string{"one", "all", "all except", "erase"}[w] }

// round is one round of a race.
type round struct {
	*race
	way  way
	user string
	gens session.Generations // before the revocation

	victim, keep session.ID
	phase        atomic.Int32  // 0 before the revocation, 1 while it runs, 2 after it
	done         chan struct{} // closed once a check may not accept any more
	touched      atomic.Bool   // some call overlapped the revocation
	failed       atomic.Bool   // it is not known what the revocation did

	mu      sync.Mutex
	started []session.ID // created beside the revocation
}

func (r *race) round(user string, w way) {
	n := &round{race: r, way: w, user: user, done: make(chan struct{})}
	if err := n.prepare(); err != nil {
		n.breaks("before the revocation of %v: %v", w, err)
		return
	}
	together(n.revoke, n.check, n.check, n.touch, n.touch, n.rotate, n.bind, n.rename, n.start)
	if n.touched.Load() {
		r.overlapped.Add(1)
	}
	n.verify()
}

func (n *round) prepare() (err error) {
	ctx := context.Background()
	if n.gens, err = n.store.Generation(ctx, n.user); err != nil {
		return err
	}
	victim, keep := n.session(), n.session()
	n.victim, n.keep = victim.ID, keep.ID
	return errors.Join(n.store.Create(ctx, victim), n.store.Create(ctx, keep))
}

func (n *round) session() *session.Session {
	v := session.Visit{At: at(1)}
	return &session.Session{
		ID: newID(), UserID: n.user, Carrier: session.CarrierCookie, Generations: n.gens, Version: 1,
		First: v, Last: v, ExpiresAt: at(1_000_000), IdleTimeout: 100_000 * time.Hour,
	}
}

// revoke is the revocation.
func (n *round) revoke() {
	defer close(n.done)
	jitter()
	var err error
	for {
		r := session.Revocation{UserID: n.user, Ending: session.Ending{At: at(2), Reason: session.ReasonAdmin, By: "admin"}}
		switch n.way {
		case wayOne:
			r.Only = []session.ID{n.victim}
		case wayAllExcept:
			r.All = true
			if r.Keep, _, err = n.store.Get(yielding, n.keep); err != nil {
				n.breaks("Get of the session to keep: %v", err)
				return
			}
		default:
			r.All = true
		}
		n.phase.Store(1)
		if n.way == wayErase {
			_, err = n.store.Purge(yielding, session.Purge{UserID: n.user, Now: at(2)})
		} else {
			_, err = n.store.Revoke(yielding, r)
		}
		if !errors.Is(err, session.ErrConflict) { // the session to keep was changed: read it again
			break
		}
	}
	n.phase.Store(2)
	if err != nil {
		n.failed.Store(true)
		n.breaks("revocation of %v: %v", n.way, err)
	}
	time.Sleep(n.staleness)
}

// beside makes a call, and counts it if it overlaps the revocation.
func (n *round) beside(call func()) {
	jitter()
	before := n.phase.Load()
	call()
	after := n.phase.Load()
	n.calls.Add(1)
	if before < 2 && after > 0 {
		n.overlaps.Add(1)
		n.touched.Store(true)
	}
	jitter()
}

// check looks whether the session is live, as each request does: some times
// beside the revocation and some times after it.
func (n *round) check() {
	h := n.holdVictim()
	for i := 0; i < 6 && !n.isDone(); i++ {
		n.beside(n.checkOnce)
		n.checkHeld(h)
		if i == 3 {
			h = n.holdVictim()
		}
	}
	<-n.done
	for range 3 {
		n.beside(n.checkOnce)
		n.checkHeld(h)
	}
}

func (n *round) checkOnce() {
	after := n.isDone() && !n.failed.Load()
	s, g, err := n.store.Get(yielding, n.victim)
	switch {
	case err != nil && !errors.Is(err, session.ErrUnknown):
		n.breaks("Get: %v", err)
	case after && err == nil && live(s, g):
		n.accepted.Add(1)
		n.breaks("a check that started after the revocation of %v had returned found the session live", n.way)
	}
	if after {
		n.late.Add(1)
	}
}

func (n *round) isDone() bool {
	select {
	case <-n.done:
		return true
	default:
		return false
	}
}

func (n *round) touch() {
	for i := range 2 {
		n.beside(func() {
			v := session.Visit{At: at(3 + i)}
			if err := n.store.Touch(yielding, []session.Touch{{ID: n.victim, Visit: v}, {ID: n.keep, Visit: v}}); err != nil {
				n.breaks("Touch: %v", err)
			}
		})
	}
}

func (n *round) rotate() { n.update(n.victim, func(s *session.Session) { s.Secrets.Salt[0]++ }) }
func (n *round) bind() {
	n.update(n.victim, func(s *session.Session) { s.Bound = session.Binding{Key: "key", Algorithm: "ES256", Since: at(2)} })
}
func (n *round) rename() { n.update(n.victim, func(s *session.Session) { s.Name += "x" }) }

func (n *round) update(id session.ID, change func(*session.Session)) {
	for range 2 {
		var s *session.Session
		var err error
		n.beside(func() { s, _, err = n.store.Get(yielding, id) })
		if err == nil {
			s = s.Clone()
			change(s)
			n.beside(func() { err = n.store.Update(yielding, s) })
		}
		if err != nil && !isAnswer(err) {
			n.breaks("Update: %v", err)
		}
	}
}

// start finishes sign-ins that began before the revocation.
func (n *round) start() {
	for range 2 {
		s := n.session()
		n.beside(func() {
			after := n.phase.Load() == 2 && n.way != wayOne
			err := n.store.Create(yielding, s)
			if err != nil && !errors.Is(err, session.ErrOutdated) || err == nil && after {
				n.breaks("Create after the revocation of %v: %v: got error %v", n.way, after, err)
			}
		})
		n.mu.Lock()
		n.started = append(n.started, s.ID)
		n.mu.Unlock()
	}
}

// verify looks, when all is quiet, that nothing came back and nothing that was
// to stay is gone.
func (n *round) verify() {
	if n.failed.Load() {
		return
	}
	gone := []session.ID{n.victim}
	if n.way != wayOne {
		gone = append(gone, n.started...)
	}
	for _, id := range gone {
		if n.isLive(id) {
			n.accepted.Add(1)
			n.breaks("after a revocation of %v a session is live when all is quiet", n.way)
		}
	}
	if n.way == wayAllExcept && !n.isLive(n.keep) {
		n.breaks("the session to keep is gone")
	}
}

func (n *round) isLive(id session.ID) bool {
	s, g, err := n.store.Get(context.Background(), id)
	if err != nil && !errors.Is(err, session.ErrUnknown) {
		n.breaks("Get: %v", err)
	}
	return err == nil && live(s, g)
}

// yielding is a context that lets others run whenever a store looks at it.
var yielding context.Context = yieldingContext{context.Background()}

type yieldingContext struct{ context.Context }

func (y yieldingContext) Done() <-chan struct{} {
	jitter()
	return y.Context.Done()
}

func (y yieldingContext) Err() error {
	jitter()
	return y.Context.Err()
}

// jitter does nothing, yields, or waits a moment.
func jitter() {
	switch n := rand.Uint32(); {
	case n%(1<<15) == 0:
		time.Sleep(20 * time.Microsecond)
	case n%3 == 0:
		runtime.Gosched()
	}
}
