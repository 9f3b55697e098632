package drivertest_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/signedin/signedin/session"
)

const (
	historyClients = 5
	historySteps   = 12
	maxLost        = 6 // answers in one history; each doubles what has to be looked at
	checkTimeout   = 10 * time.Second
)

// traits are what differs between the stores.
type traits struct {
	oneStep bool // List and Get find a new session at the same moment
	cuts    bool // connections are cut, so that a call may fail without being told to
}

// history is what happened to one user: what several clients at the same time
// asked of a store, and what they were told. What they ask, and which calls are
// cut short, follows from the seed; in which order it happens is up to the
// machine.
type history struct {
	store session.Store
	traits
	user string
	seed uint64
	// erase has the user erased now and then. An ID is used twice only if not:
	// what is an answer to an Update, when another session has the ID meanwhile?
	erase bool

	clock atomic.Int64
	used  atomic.Int64 // slots
	lost  atomic.Int64 // answers

	mu     sync.Mutex
	events []porcupine.Operation
	wrong  []error // what no call may return
}

// run lets the clients do their work, and then looks at everything once more.
func (h *history) run(ctx context.Context) {
	var wg sync.WaitGroup
	for n := range historyClients {
		c := &client{history: h, n: n, rng: rand.New(rand.NewPCG(h.seed, uint64(n)))}
		wg.Go(func() {
			for range historySteps {
				c.step(ctx)
			}
		})
	}
	wg.Wait()
	last := &client{history: h, n: historyClients}
	last.do(ctx, call{kind: opGeneration})
	last.do(ctx, call{kind: opList})
	for n := range maxSlots {
		last.do(ctx, call{kind: opGet, slot: n})
	}
}

// errNotJudged says that a history has too many calls at once to be judged in
// time: on a slow machine it may.
var errNotJudged = errors.New("not judged")

// check returns an error unless the history is one that could have happened
// call by call.
func (h *history) check() error {
	switch result := porcupine.CheckOperationsTimeout(contract, h.events, checkTimeout); {
	case len(h.wrong) > 0:
		return fmt.Errorf("seed %d: %w", h.seed, errors.Join(h.wrong...))
	case result == porcupine.Unknown:
		return errNotJudged
	case result == porcupine.Illegal:
		return fmt.Errorf("seed %d: not linearizable:\n%s", h.seed, h.shortest())
	}
	return nil
}

// shortest returns the history up to the answer by which it is illegal.
func (h *history) shortest() string {
	end := sort.Search(int(h.clock.Load()), func(t int) bool {
		return porcupine.CheckOperationsTimeout(contract, h.until(int64(t)), checkTimeout) == porcupine.Illegal
	})
	var b strings.Builder
	for _, e := range h.until(int64(end)) {
		fmt.Fprintf(&b, "client %d, %d to %d: %s\n", e.ClientId, e.Call, e.Return, describe(e.Input.(call), e.Output.(answer)))
	}
	return b.String()
}

// until returns what had happened at a moment. What is under way then has no
// answer yet.
func (h *history) until(t int64) (events []porcupine.Operation) {
	for _, e := range h.events {
		if e.Return > t {
			e.Output, e.Return = answer{lost: true}, math.MaxInt64
		}
		if e.Call <= t {
			events = append(events, e)
		}
	}
	slices.SortFunc(events, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	return events
}

func (h *history) record(client int, c call, a answer, from, to int64) {
	if a.lost {
		if c.kind == opGet || c.kind == opList || c.kind == opGeneration {
			return // it changed nothing and says nothing
		}
		a, to = answer{lost: true}, math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, porcupine.Operation{ClientId: client, Input: c, Output: a, Call: from, Return: to})
}

// id returns the ID of a slot.
func (h *history) id(n int) session.ID {
	sum := sha256.Sum256(fmt.Append(nil, h.user, n))
	return session.ID(sum[:16])
}

func (h *history) session(c call) *session.Session {
	v := session.Visit{At: visitAt(0)}
	return &session.Session{
		ID: h.id(c.slot), UserID: h.user, Carrier: session.CarrierCookie, Version: 1, First: v, Last: v,
		Generations: session.Generations{User: c.generation}, ExpiresAt: visitAt(1_000_000), IdleTimeout: 100_000 * time.Hour,
	}
}

func visitAt(n int) time.Time { return someTime.Add(time.Duration(n) * time.Second) }

// client is one of those who make a history.
type client struct {
	*history
	n          int
	rng        *rand.Rand
	generation int64 // that it knows of
	seen       slots // live sessions
}

// step does one of the things that a server does for a user.
func (c *client) step(ctx context.Context) {
	slot := c.rng.IntN(maxSlots)
	switch n := c.rng.IntN(100); {
	case n < 25:
		c.signIn(ctx)
	case n < 45:
		c.do(ctx, call{kind: opGet, slot: slot})
	case n < 52:
		c.do(ctx, call{kind: opList})
	case n < 64:
		c.change(ctx, opUpdate, slot)
	case n < 76:
		c.do(ctx, call{kind: opTouch, slot: slot, at: 1 + c.rng.IntN(1000)})
	case n < 86:
		c.revoke(ctx)
	case n < 92:
		c.change(ctx, opRevokeRest, slot)
	case n < 97 || !c.erase:
		c.do(ctx, call{kind: opRevokeAll})
	default:
		c.do(ctx, call{kind: opErase})
	}
}

// signIn creates a session, now and then under a generation of long ago, or
// with an ID that is there already.
func (c *client) signIn(ctx context.Context) {
	if c.rng.IntN(3) > 0 {
		if a := c.do(ctx, call{kind: opGeneration}); !a.lost {
			c.generation = a.generation
		}
	}
	slot := int(c.used.Add(1)) - 1
	if c.oneStep && !c.erase && (slot >= maxSlots || c.rng.IntN(5) == 0) {
		slot = c.rng.IntN(maxSlots)
	}
	if slot < maxSlots {
		c.do(ctx, call{kind: opCreate, slot: slot, generation: c.generation, atOnce: c.oneStep})
	}
}

// revoke ends some sessions that it has seen. (Which of those that are being
// created meanwhile it would end is not defined in SQL, and nobody can name
// them.)
func (c *client) revoke(ctx context.Context) {
	var only slots
	for range 3 {
		only |= 1 << c.rng.IntN(maxSlots)
	}
	c.do(ctx, call{kind: opRevoke, only: only & c.seen})
}

// change reads a session and writes it.
func (c *client) change(ctx context.Context, k kind, slot int) {
	if a := c.do(ctx, call{kind: opGet, slot: slot}); a.live {
		c.do(ctx, call{kind: k, slot: slot, version: a.version, name: c.rng.IntN(1_000_000)})
	}
}

// do makes a call and records it.
func (c *client) do(ctx context.Context, in call) answer {
	ctx, done := c.cutShort(ctx)
	defer done()
	for range in.slot { // no two clients do the same at the same time
		runtime.Gosched()
	}
	from := c.clock.Add(1)
	a, err := c.ask(ctx, in)
	to := c.clock.Add(1)
	if err != nil {
		a = answer{err: storeAnswer(err)}
	}
	if a.lost = err != nil && a.err == nil; a.lost {
		c.lost.Add(1)
		c.judge(ctx, in, err)
	} else {
		c.see(in, a)
	}
	if in.kind == opErase {
		c.record(c.n, call{kind: opDelete}, a, from, to)
		c.record(c.n, in, answer{lost: a.lost}, from, to)
		return a
	}
	c.record(c.n, in, a, from, to)
	if in.kind == opCreate && !in.atOnce && a.err == nil {
		c.record(c.n, call{kind: opFound, slot: in.slot}, answer{lost: a.lost}, from, to)
	}
	return a
}

// see keeps in mind which sessions there are, by an answer that came.
func (c *client) see(in call, a answer) {
	if in.kind == opList {
		c.seen |= a.set
	}
	if a.live || in.kind == opCreate && a.err == nil {
		c.seen |= 1 << in.slot
	}
}

// storeAnswer returns the answer that err is, nil if it is trouble.
func storeAnswer(err error) error {
	for _, a := range []error{session.ErrUnknown, session.ErrEnded, session.ErrConflict, session.ErrExists, session.ErrOutdated} {
		if errors.Is(err, a) {
			return a
		}
	}
	return nil
}

// judge notes what may not be said of a call that failed.
func (c *client) judge(ctx context.Context, in call, err error) {
	if errors.Is(err, session.ErrRefused) || !c.cuts && ctx.Err() == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.wrong = append(c.wrong, fmt.Errorf("%s: %w", in.kind, err))
	}
}

// ask makes the call.
func (c *client) ask(ctx context.Context, in call) (a answer, err error) {
	end := session.Ending{At: visitAt(2000), Reason: session.ReasonAdmin, By: "admin"}
	switch in.kind {
	case opGeneration:
		g, err := c.store.Generation(ctx, c.user)
		return answer{generation: g.User}, err
	case opCreate:
		return a, c.store.Create(ctx, c.session(in))
	case opGet:
		s, g, err := c.store.Get(ctx, c.id(in.slot))
		if err != nil {
			return a, err
		}
		return got(s, g), nil
	case opList:
		all, err := c.store.List(ctx, session.Query{UserID: c.user})
		return c.listed(all), err
	case opUpdate:
		return a, c.store.Update(ctx, c.next(in))
	case opTouch:
		return a, c.store.Touch(ctx, []session.Touch{{ID: c.id(in.slot), Visit: session.Visit{At: visitAt(in.at)}}})
	case opRevoke:
		return c.ended(c.store.Revoke(ctx, session.Revocation{UserID: c.user, Only: c.ids(in.only), Ending: end}))
	case opRevokeAll:
		done, err := c.store.Revoke(ctx, session.Revocation{UserID: c.user, All: true, Ending: end})
		return answer{generation: done.Generations.User}, err
	case opRevokeRest:
		done, err := c.store.Revoke(ctx, session.Revocation{UserID: c.user, All: true, Keep: c.next(in), Ending: end})
		return answer{generation: done.Generations.User}, err
	default:
		p, err := c.store.Purge(ctx, session.Purge{UserID: c.user, Now: visitAt(2000)})
		return answer{deleted: p.Deleted}, err
	}
}

// got is what a Get has told. Of a session that is over nothing else matters.
func got(s *session.Session, g session.Generations) answer {
	a := answer{generation: g.User, live: s.Ended == nil && s.Generations == g}
	if a.live {
		a.version, a.last = s.Version, int(s.Last.At.Sub(visitAt(0))/time.Second)
		_, _ = fmt.Sscan(s.Name, &a.name) // 0 for none
	}
	return a
}

// next is the session that Update writes.
func (c *client) next(in call) *session.Session {
	s := c.session(in)
	s.Version, s.Name = in.version, fmt.Sprint(in.name)
	return s
}

func (h *history) ids(set slots) (ids []session.ID) {
	for n := range maxSlots {
		if set.has(n) {
			ids = append(ids, h.id(n))
		}
	}
	return ids
}

func (h *history) slotOf(id session.ID) int {
	for n := range maxSlots {
		if h.id(n) == id {
			return n
		}
	}
	return -1
}

func (h *history) listed(all []*session.Session) (a answer) {
	for _, s := range all {
		if n := h.slotOf(s.ID); n >= 0 {
			a.set |= 1 << n
			a.versions[n] = s.Version
		}
	}
	return a
}

func (h *history) ended(done session.Revoked, err error) (a answer, _ error) {
	for _, id := range done.IDs {
		if n := h.slotOf(id); n >= 0 {
			a.set |= 1 << n
		}
	}
	return a, err
}
