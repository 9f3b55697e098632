package pgbus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/signedin/signedin/session"
)

const (
	// signEvery is how often the connection is asked for a sign of life. A Bus
	// owes one a second; this leaves half of it for the round trip.
	signEvery      = 500 * time.Millisecond
	roundTrip      = 2 * time.Second // that takes longer means that the connection is dead
	connectTimeout = 5 * time.Second
	minWait        = 100 * time.Millisecond // before the next attempt to connect
	maxWait        = 5 * time.Second
)

// Run calls receive with everything that any process publishes, this one
// included, until ctx is done. See [session.Bus].
func (b *Bus) Run(ctx context.Context, receive func(session.Message)) error {
	wait := minWait
	for {
		listened, err := b.listen(ctx, receive)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if listened {
			wait = minWait
		}
		b.cfg.Logger.WarnContext(ctx, "pgbus: not listening", "error", err, "retry", wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + mathrand.N(wait/2)): // not all instances at once
		}
		wait = min(2*wait, maxWait)
	}
}

// listen is Run for one connection. It reports whether it got so far that
// notices arrived.
func (b *Bus) listen(ctx context.Context, receive func(session.Message)) (listened bool, err error) {
	l, err := b.connect(ctx)
	if err != nil {
		return false, err
	}
	defer l.close()
	if err := l.subscribe(ctx, b); err != nil {
		return false, err
	}
	receive(session.Message{Missed: true})
	for {
		l.deliver(receive)
		if err := l.ping(ctx); err != nil {
			return true, err
		}
		l.deliver(receive) // what was published before the ping came before its answer
		receive(session.Message{})
		b.resend(ctx)
		for next := time.Now().Add(signEvery); time.Now().Before(next); l.deliver(receive) {
			if err := l.wait(ctx, next); err != nil {
				return true, err
			}
		}
	}
}

// listener is the connection that notices arrive on.
type listener struct {
	conn    *pgconn.PgConn
	arrived []string // payloads that were not delivered yet
}

// connect makes a connection as the pool does, but not one of its.
func (b *Bus) connect(ctx context.Context) (*listener, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	pool := b.pool.Config()
	if pool.BeforeConnect != nil { // it may bring a password that changes
		if err := pool.BeforeConnect(ctx, pool.ConnConfig); err != nil {
			return nil, fmt.Errorf("pgbus: connect: %w", err)
		}
	}
	l := new(listener)
	cfg := &pool.ConnConfig.Config
	cfg.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { l.arrived = append(l.arrived, n.Payload) }
	var err error
	if l.conn, err = pgconn.ConnectConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("pgbus: connect: %w", err)
	}
	return l, nil
}

func (l *listener) close() {
	ctx, cancel := context.WithTimeout(context.Background(), roundTrip)
	defer cancel()
	_ = l.conn.Close(ctx) // it may be broken already
}

// subscribe starts to listen, and sees for itself that what is published on
// another connection arrives on this one while it is idle: through a pooler
// that shares server connections it does not, though every query works.
func (l *listener) subscribe(ctx context.Context, b *Bus) error {
	ctx, cancel := context.WithTimeout(ctx, roundTrip)
	defer cancel()
	if err := l.exec(ctx, "LISTEN "+pgx.Identifier{b.cfg.Channel}.Sanitize()); err != nil {
		return err
	}
	var nonce session.ID
	_, _ = rand.Read(nonce[:])
	proof := payload(kindProof, nonce)
	if err := b.publish(ctx, []string{proof}); err != nil {
		return err
	}
	for seen := 0; ; {
		for ; seen < len(l.arrived); seen++ {
			if l.arrived[seen] == proof {
				return nil
			}
		}
		if err := l.conn.WaitForNotification(ctx); err != nil {
			return errors.Join(errors.New("pgbus: what was published did not arrive: is there a pooler in between?"), err)
		}
	}
}

func (l *listener) exec(ctx context.Context, sql string) error {
	if _, err := l.conn.Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("pgbus: listen: %w", err)
	}
	return nil
}

// ping asks for a sign of life.
func (l *listener) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundTrip)
	defer cancel()
	return l.exec(ctx, "-- signedin: is anybody there?")
}

// wait returns when a notice has arrived, or at the time next.
func (l *listener) wait(ctx context.Context, next time.Time) error {
	until, cancel := context.WithDeadline(ctx, next)
	defer cancel()
	err := l.conn.WaitForNotification(until)
	if err == nil || until.Err() != nil && ctx.Err() == nil && !l.conn.IsClosed() {
		return nil
	}
	return fmt.Errorf("pgbus: listen: %w", err)
}

// deliver passes on what has arrived.
func (l *listener) deliver(receive func(session.Message)) {
	for _, p := range l.arrived {
		if n, ok := decode(p); ok {
			receive(n)
		}
	}
	l.arrived = l.arrived[:0]
}
