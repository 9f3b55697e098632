// Package redisstore keeps sessions in Redis or Valkey, over go-redis: one
// server, one behind Sentinel, or a cluster. It also has the [Bus] that tells
// the processes which share them of revocations.
//
//	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
//	store, err := redisstore.New(ctx, client, redisstore.Config{})
//
// A request costs one round trip, for the session and the counters under which
// it is live, and once in a process another one for whose the session is.
// Sessions are not cached: a revocation that has returned holds for every
// process. Nothing replaces a session or writes to one that is gone; each
// change is one script that first looks whether the session is live.
// A command that go-redis repeats, because the answer got lost, has its effect
// once and gets its answer again. Nothing depends on the expiry of keys.
//
// Redis forgets what it has not written to the disk, and a replica that takes
// over what it has not received: a revocation may be undone, and Redis has no
// setting that excludes the latter. [Store.Durability] tells of the former.
// After restoring a backup call RevokeEveryone.
//
// # Keys
//
// Every key begins with [Config].Prefix. Users are spread over 1,024 shards by
// the SHA-256 of their ID, in base32, and whatever a script touches is in one
// shard, by a hash tag in one slot of a cluster:
//
//	signedin:{ab}:session:<id>   hash: a session
//	signedin:{ab}:user:<owner>   hash: a user's counter
//	signedin:{ab}:live:<owner>   sorted set: ids of a user's live sessions, by sign-in
//	signedin:{ab}:ended:<owner>  sorted set: and of the ended ones, by end
//	signedin:{ab}:bumps:<owner>  hash: how that counter was bumped, while sessions that this ended are not marked
//	signedin:{ab}:bumps:<owner>:<n> sorted set: ids of those that the bump to n has ended, by sign-in
//	signedin:{ab}:profile:<owner> hash: a user's profile
//	signedin:{ab}:everyone       hash: the global counter, for this shard
//	signedin:{ab}:due            sorted set: live sessions, by when they may expire
//	signedin:{ab}:over           sorted set: ended sessions, by when they ended
//	signedin:{ab}:bumped         sorted set: users' counters, by when they were bumped
//	signedin:{ab}:marks          sorted set: users with bumps, by when the last one was
//	signedin:owner:<id>          string: whose a session is
//	signedin:issued:<key>        sorted set: ids of the sessions that an identity provider ends together
//	signedin:belongs:<id>        set: in which of those a session is
//	signedin:issuer:<key>        string: how often the provider has
//	signedin:kept                sorted set: until when those are kept
//	signedin:everyone            hash: the global counter, and the layout of all this
//
// Only two things take more than one slot. The key that says whose a session is
// comes after the session and goes before it; what a crash leaves in between
// nobody can use, and Purge clears it up. The global counter is bumped in its
// own key and then taken over by each shard, before RevokeEveryone returns;
// what a crash leaves undone the next RevokeEveryone does as well.
package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store"
	"github.com/signedin/signedin/store/internal/within"
)

// Config holds what a [Store] or a [Bus] can be told. The zero Config works.
type Config struct {
	// Prefix starts every key, and is the name of the channel: letters, digits
	// and any of ._:/-, at most 64. Defaults to "signedin:".
	Prefix string
	// ReadTimeout bounds the one read that a request makes, also when the
	// server does not answer at all. Defaults to 250 milliseconds.
	ReadTimeout time.Duration
	// Owners bounds of how many sessions this process remembers whose they
	// are, which never changes; each takes about 100 bytes. Defaults to 65,536.
	Owners int
	// InsecureEviction accepts a server that throws away keys when its memory
	// is full. That signs users out, and in the worst case brings back what was
	// revoked: with a counter that is gone, its user starts again from 0.
	InsecureEviction bool
	// MustSurvive has New refuse a server that could undo a revocation by such
	// a crash, as it is configured. Defaults to store.CrashNone: New only warns.
	MustSurvive store.Crash
	// Logger is told of what no caller sees: that the server could undo a
	// revocation, that a [Bus] cannot listen or publish. Defaults to discarding.
	Logger *slog.Logger
}

var validPrefix = regexp.MustCompile(`^[A-Za-z0-9._:/-]{1,64}$`)

func (c Config) withDefaults() (Config, error) {
	if c.Prefix == "" {
		c.Prefix = "signedin:"
	}
	if !validPrefix.MatchString(c.Prefix) {
		return c, fmt.Errorf("redisstore: Config.Prefix: %q is not letters, digits and ._:/-, at most 64", c.Prefix)
	}
	if c.ReadTimeout < 0 {
		return c, fmt.Errorf("redisstore: Config.ReadTimeout: %v is negative", c.ReadTimeout)
	}
	if c.ReadTimeout == 0 {
		c.ReadTimeout = 250 * time.Millisecond
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MustSurvive > store.CrashFailover {
		return c, fmt.Errorf("redisstore: Config.MustSurvive: %d is not known", c.MustSurvive)
	}
	if c.Owners < 0 {
		return c, fmt.Errorf("redisstore: Config.Owners: %d is negative", c.Owners)
	}
	if c.Owners == 0 {
		c.Owners = 1 << 16
	}
	return c, nil
}

// A Store is a [session.Store] in Redis. Make one with [New].
type Store struct {
	client  redis.UniversalClient
	cfg     Config
	cluster bool // keys of several slots cannot be in one script
	// punctual says that the client keeps to the deadline of a context.
	punctual bool
	workers  within.Workers // for reads by any other
	owners   owners
}

var _ session.Store = (*Store)(nil)

// New returns a Store on client. It returns an error if what is there is older
// than Redis 6.2, a replica, throws away keys when its memory is full, or was
// written by a later version of this package, an [*AccessError] if the client's
// user may not do what a Store does, and a [*store.DurabilityError] if the
// server could undo a revocation that has to survive. The caller closes client,
// after the last use of the Store.
//
// Let the client have ContextTimeoutEnabled. Without it calls return in time,
// too, but their connections wait on.
func New(ctx context.Context, client redis.UniversalClient, cfg Config) (*Store, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	st := &Store{client: client, cfg: cfg, owners: owners{limit: cfg.Owners / 2}, punctual: isPunctual(client)}
	_, err = await(ctx, func() (struct{}, error) { return struct{}{}, st.check(ctx) })
	if err != nil {
		return nil, fail("new", err)
	}
	if err := st.checkDurability(ctx); err != nil {
		return nil, err
	}
	return st, nil
}

// layout is the version of how everything is kept.
const layout = "1"

// checkLayout notes the layout, or fails if it is another. A server whose memory
// is full takes no note, but need not be told twice.
func (st *Store) checkLayout(ctx context.Context) error {
	key := st.globalKey()
	if err := st.client.HDel(ctx, key, "").Err(); err != nil { // nothing: may it be written?
		return err
	}
	found, err := st.client.HGet(ctx, key, "layout").Result()
	if err == redis.Nil {
		if err = st.client.HSetNX(ctx, key, "layout", layout).Err(); err == nil {
			found, err = st.client.HGet(ctx, key, "layout").Result()
		}
	}
	if err == nil && found != layout {
		return fmt.Errorf("layout %q was written by another version of this package, this one knows %q", found, layout)
	}
	return err
}

// await runs f and waits for it, but no longer than ctx: go-redis looks at a
// context between commands, and while it waits for one only if the host has
// enabled that.
func await[T any](ctx context.Context, f func() (T, error)) (T, error) {
	result, err := within.Do(ctx, f)
	if isOver(ctx, err) {
		err = context.Cause(ctx) // which says more
	}
	return result, err
}

// bounded is await for the read of a request, for no longer than Config.ReadTimeout: by
// a worker, unless the client keeps to the deadline of a context.
func bounded[T any](ctx context.Context, st *Store, f func(context.Context) (T, error)) (result T, err error) {
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, st.cfg.ReadTimeout, errReadTimeout)
	defer cancel()
	if st.punctual {
		result, err = f(ctx)
	} else {
		result, err = within.DoBy(ctx, &st.workers, func() (T, error) { return f(ctx) })
	}
	if isOver(ctx, err) {
		err = context.Cause(ctx)
	}
	return result, err
}

// isOver reports whether err only says that ctx is over. A deadline may come
// to the connection a moment before it comes to ctx.
func isOver(ctx context.Context, err error) bool {
	if deadline, ok := ctx.Deadline(); ok && errors.Is(err, os.ErrDeadlineExceeded) && time.Until(deadline) < time.Millisecond {
		<-ctx.Done()
		return true
	}
	return err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err())
}
