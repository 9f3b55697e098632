// Package pgbus is the [session.Bus] over LISTEN and NOTIFY of PostgreSQL: it
// tells the processes that share a database what happened to sessions, within
// a millisecond or so.
//
//	bus, err := pgbus.New(pool, pgbus.Config{})
//	manager, err := session.New(store, session.Config{Observers: []session.Observer{bus}})
//	go cache.Run(ctx, bus, manager.Hub()) // a cachestore.Store
//
// Without a cache, pass what it receives to the Hub alone:
//
//	go bus.Run(ctx, manager.Hub().Receive)
//
// Any role that may connect to the database can listen to the channel and send
// to it, whatever it may read: it learns IDs of sessions and of users, which sign
// nobody in, and can have the store asked, which signs nobody out.
//
// Run keeps one connection beside the pool. It needs a session of its own: a
// pooler between it and the server must not share server connections per
// transaction, as PgBouncer may be told to. Run notices that, and then never
// gives a sign that the bus works.
package pgbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/signedin/signedin/session"
)

// Config holds what a [Bus] can be told. The zero Config works and is safe.
type Config struct {
	// Channel is what is listened to; one database may carry several. At most
	// 63 bytes. Defaults to "signedin".
	Channel string
	// Timeout bounds how long a revocation waits for its notice to be sent.
	// Defaults to 2 seconds.
	Timeout time.Duration
	// Logger is told of trouble that no caller sees. Defaults to discarding.
	Logger *slog.Logger
}

// maxChannel is the longest identifier of PostgreSQL, in bytes.
const maxChannel = 63

// A Bus publishes through a pool and listens on a connection of its own.
type Bus struct {
	pool *pgxpool.Pool
	cfg  Config

	mu     sync.Mutex
	unsent []string // payloads that could not be published
}

var _ session.Bus = (*Bus)(nil)

// New returns a Bus over the database of pool. The error names the field of
// cfg that cannot be used.
func New(pool *pgxpool.Pool, cfg Config) (*Bus, error) {
	if pool == nil {
		return nil, errors.New("pgbus: no pool")
	}
	if cfg.Channel == "" {
		cfg.Channel = "signedin"
	}
	if len(cfg.Channel) > maxChannel || strings.ContainsRune(cfg.Channel, 0) {
		return nil, fmt.Errorf("pgbus: Config.Channel: %q is no name of at most %d bytes", cfg.Channel, maxChannel)
	}
	if cfg.Timeout < 0 {
		return nil, fmt.Errorf("pgbus: Config.Timeout: %v is negative", cfg.Timeout)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 2 * time.Second
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Bus{pool: pool, cfg: cfg}, nil
}

// Observe publishes what other processes have to know of e. It does not fail
// and does not wait longer than Config.Timeout: what cannot be published now,
// Run publishes once it can.
func (b *Bus) Observe(ctx context.Context, e session.Event) {
	n, ok := e.Message()
	if !ok {
		return
	}
	payloads := encode(n)
	// The client's going away is no reason to leave the others uninformed.
	if err := b.publish(context.WithoutCancel(ctx), payloads); err != nil {
		b.cfg.Logger.WarnContext(ctx, "pgbus: not published, others learn of it later", "event", e.Kind, "error", err)
		b.keep(payloads)
	}
}

// publish sends payloads, all or none, in one round trip.
func (b *Bus) publish(ctx context.Context, payloads []string) error {
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Timeout)
	defer cancel()
	_, err := b.pool.Exec(ctx, "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload", b.cfg.Channel, payloads)
	if err != nil {
		return fmt.Errorf("pgbus: notify: %w", err)
	}
	return nil
}

// maxUnsent bounds the payloads that wait to be published. They hold some
// 370,000 sessions; of more, the others are told to trust no copy at all.
const maxUnsent = 1000

func (b *Bus) keep(payloads []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unsent = append(b.unsent, payloads...); len(b.unsent) > maxUnsent {
		b.unsent = encode(session.Message{Missed: true})
	}
}

// resend publishes what could not be published before. It does not take so
// long that Run would owe a sign of life.
func (b *Bus) resend(ctx context.Context) {
	b.mu.Lock()
	payloads := b.unsent
	b.unsent = nil
	b.mu.Unlock()
	if len(payloads) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, signEvery)
	defer cancel()
	if err := b.publish(ctx, payloads); err != nil {
		b.keep(payloads)
	}
}
