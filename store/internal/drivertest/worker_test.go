package drivertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/pgbus"
	"github.com/signedin/signedin/store/pollbus"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

// workerEnv holds the instance that this process is, if it is one.
const workerEnv = "SIGNEDIN_TEST_WORKER"

// instance says what a worker process is: one of several on one database.
type instance struct {
	Driver string // of database/sql, or "redis"
	DSN    string
	Prefix string
	Cached bool // a cachestore in front, and a bus
	Deaf   bool // the bus gives signs of life and delivers nothing

	Previous string `json:"-"` // the program of one of them, of the version before; "" if it is this one
}

// A question is what a worker is asked to do, a reply what came of it. They
// travel as lines of JSON on the standard input and output.
type (
	question struct {
		N     int64
		Do    string // start, check, until, revoke, all, others, cut, hits
		User  string
		Token string
	}
	reply struct {
		N     int64
		Err   string
		Token string
		Done  time.Time // when it was
		Count int64     // of checks that were accepted, or of hits
		Last  time.Time // when the last check began that was accepted
	}
)

// TestWorker is a worker, in the process that workers starts for it.
func TestWorker(t *testing.T) {
	var in instance
	if os.Getenv(workerEnv) == "" {
		return
	}
	if err := json.Unmarshal([]byte(os.Getenv(workerEnv)), &in); err != nil {
		t.Fatal(err)
	}
	w := &worker{}
	w.open(t, in)
	var wg sync.WaitGroup
	defer wg.Wait()
	var mu sync.Mutex
	out, questions := json.NewEncoder(os.Stdout), json.NewDecoder(os.Stdin)
	for {
		var q question
		if err := questions.Decode(&q); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			a := w.reply(t.Context(), q)
			mu.Lock()
			defer mu.Unlock()
			_ = out.Encode(a) // who does not listen any more has failed already
		})
	}
}

// worker is an instance at work.
type worker struct {
	*session.Manager
	cache *cachestore.Store // nil in strict mode
	cut   atomic.Bool       // nothing arrives by the bus
}

func (w *worker) open(t *testing.T, in instance) {
	store, bus := in.store(t)
	cfg := session.Config{}
	if in.Cached {
		var err error
		if w.cache, err = cachestore.New(store, cachestore.Config{}); err != nil {
			t.Fatal(err)
		}
		store, cfg.Observers = w.cache, []session.Observer{bus}
	}
	var err error
	if w.Manager, err = session.New(store, cfg); err != nil {
		t.Fatal(err)
	}
	if in.Cached {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		t.Cleanup(func() { cancel(); <-done })
		go func() {
			defer close(done)
			_ = w.cache.Run(ctx, &badBus{bus, &w.cut, in.Deaf}, w.Hub())
		}()
	}
}

// store opens the store, and the bus that goes with it.
func (in instance) store(t *testing.T) (session.Store, session.Bus) {
	if in.Driver == "redis" {
		opts, err := redis.ParseURL(in.DSN)
		if err != nil {
			t.Fatal(err)
		}
		opts.ContextTimeoutEnabled = true
		client, cfg := closing(t, redis.NewClient(opts)), redisstore.Config{Prefix: in.Prefix}
		return redisStore(t, client, cfg), redisstore.NewBus(client, cfg)
	}
	db := open(t, in.Driver, in.DSN)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	store := migrated(t, db, sqlstore.Config{Prefix: in.Prefix})
	if in.Driver == "pgx" {
		pool, err := pgxpool.New(t.Context(), in.DSN)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		bus, err := pgbus.New(pool, pgbus.Config{Channel: in.Prefix})
		if err != nil {
			t.Fatal(err)
		}
		return store, bus
	}
	bus, err := pollbus.New(store, pollbus.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return store, bus
}

// badBus is a Bus that can be cut, or delivers nothing but signs of life.
type badBus struct {
	session.Bus
	cut  *atomic.Bool
	deaf bool
}

func (b *badBus) Run(ctx context.Context, receive func(session.Message)) error {
	return b.Bus.Run(ctx, func(n session.Message) {
		sign := len(n.Ended)+len(n.Changed) == 0 && !n.Everyone
		if !b.cut.Load() && (sign || !b.deaf) {
			receive(n)
		}
	})
}

func (w *worker) reply(ctx context.Context, q question) reply {
	a := reply{N: q.N}
	if err := w.do(ctx, q, &a); err != nil {
		a.Err = fmt.Sprintf("%s: %v", q.Do, err)
	}
	a.Done = time.Now()
	return a
}

func (w *worker) do(ctx context.Context, q question, a *reply) (err error) {
	switch q.Do {
	case "start":
		a.Token, err = w.start(ctx, q.User)
		return err
	case "cut":
		w.cut.Store(true)
		return nil
	case "hits":
		a.Count = w.cache.Stats().Hits
		return nil
	case "all":
		_, err = w.RevokeAll(ctx, q.User, session.ReasonAdmin)
		return err
	}
	token, err := session.ParseToken(q.Token)
	if err != nil {
		return err
	}
	switch q.Do {
	case "check":
		_, err = w.check(ctx, token, a)
	case "until":
		for again := true; again && err == nil; {
			again, err = w.check(ctx, token, a)
			time.Sleep(pace)
		}
	case "revoke":
		err = w.Revoke(ctx, q.User, token.ID(), session.ReasonAdmin)
	case "others":
		_, err = w.RevokeAllExcept(ctx, q.User, token.ID(), session.ReasonPasswordChanged)
	}
	return err
}

func (w *worker) start(ctx context.Context, user string) (token string, err error) {
	ticket, err := w.BeginSignIn(ctx, user)
	if err != nil {
		return "", err
	}
	_, t, err := w.Start(ctx, ticket, session.Origin{}, session.StartOptions{Carrier: session.CarrierBearer})
	return t.Reveal(), err
}

// pace is the pause between two checks of one session.
const pace = 200 * time.Microsecond

// check looks once whether a request with that token is let in.
func (w *worker) check(ctx context.Context, token session.Token, a *reply) (accepted bool, err error) {
	began := time.Now()
	_, err = w.Resume(ctx, token.Credential(), session.Origin{})
	if errors.Is(err, session.ErrRefused) {
		return false, nil
	}
	if err == nil {
		a.Count, a.Last = a.Count+1, began
	}
	return err == nil, err
}
