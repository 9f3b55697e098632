package redisstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
)

const (
	publishTimeout = time.Second            // so long a revocation waits, at most, for its message to go out
	pingInterval   = 300 * time.Millisecond // three to a second, which is promised
	silence        = time.Second            // after which the connection is given up
)

// A Bus is a [session.Bus] over the publish and subscribe of Redis. It has one
// connection of its own while it runs. Redis does not keep messages: what is
// published while a process is not connected that process never hears, so it
// is told that it has missed something.
//
// Proof that messages would arrive is the answer to a PING on the connection
// that is subscribed. A node that the rest of its cluster has given up still
// answers, until it notices: for as long as cluster-node-timeout a Bus that is
// connected to it hears nothing and does not know.
type Bus struct {
	client  redis.UniversalClient
	channel string
	logger  *slog.Logger
}

var _ session.Bus = (*Bus)(nil)

// NewBus returns a Bus on the channel that is called as cfg.Prefix and then
// "bus". It panics if the Prefix is not valid, as [New] would tell.
func NewBus(client redis.UniversalClient, cfg Config) *Bus {
	cfg, err := cfg.withDefaults()
	if err != nil {
		panic(err)
	}
	return &Bus{client: client, channel: cfg.Prefix + "bus", logger: cfg.Logger}
}

// message is what is published, as JSON. With Everyone, Changed has the counter
// in the form of an ID, which an older binary takes for a session that it does
// not know.
type message struct {
	Ended    []session.ID `json:"ended,omitempty"`
	Changed  []session.ID `json:"changed,omitempty"`
	Everyone bool         `json:"everyone,omitempty"`

	// What follows an older binary does not know: it takes the message for one
	// that was missed.
	User       string      `json:"user,omitempty"`
	Keep       *session.ID `json:"keep,omitempty"`
	Generation int64       `json:"generation,omitempty"`
}

func messageOf(n session.Message) message {
	m := message{Ended: n.Ended, Changed: n.Changed, Everyone: n.Everyone, User: n.UserID, Generation: n.Generations.User}
	if n.Keep != (session.ID{}) {
		m.Keep = &n.Keep
	}
	if n.Everyone && n.Generations.Global > 0 {
		var counter session.ID
		binary.BigEndian.PutUint64(counter[8:], uint64(n.Generations.Global))
		m.Changed = []session.ID{counter}
	}
	return m
}

func (m message) notice() session.Message {
	n := session.Message{Ended: m.Ended, Changed: m.Changed, Everyone: m.Everyone, UserID: m.User}
	n.Generations.User = m.Generation
	if m.Everyone && len(m.Changed) == 1 {
		n.Changed, n.Generations.Global = nil, int64(binary.BigEndian.Uint64(m.Changed[0][8:]))
	}
	if m.Keep != nil {
		n.Keep = *m.Keep
	}
	return n
}

// Observe publishes what other processes have to know. What cannot be
// published within a second is dropped.
func (b *Bus) Observe(ctx context.Context, e session.Event) {
	n, ok := e.Message()
	if !ok {
		return
	}
	text, err := marshal(messageOf(n))
	if err != nil {
		return
	}
	// The client of a request that revoked may have gone away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	if err := await0(ctx, func() error { return b.client.Publish(ctx, b.channel, text).Err() }); err != nil {
		b.logger.WarnContext(ctx, "redisstore: others are told late of a revocation", "error", fail("publish", err))
	}
}

// Run calls receive with everything that is published, until ctx is done.
func (b *Bus) Run(ctx context.Context, receive func(session.Message)) error {
	said := false
	for pause := pingInterval / 8; ; pause = min(2*pause, time.Second) {
		begin := time.Now()
		err := b.listen(ctx, receive)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && !said { // once, and again after it worked in between
			b.logger.WarnContext(ctx, "redisstore: others' revocations arrive late", "error", fail("subscribe", err))
		}
		said = err != nil
		if time.Since(begin) > 2*silence {
			pause = pingInterval / 8
		}
		select {
		case <-time.After(pause + rand.N(pause)):
		case <-ctx.Done():
		}
	}
}

// listen is one connection, until it breaks. It returns an error if there was
// none.
func (b *Bus) listen(ctx context.Context, receive func(session.Message)) error {
	sub := b.client.Subscribe(ctx, b.channel)
	defer sub.Close()
	defer context.AfterFunc(ctx, func() { sub.Close() })()
	if first, err := sub.ReceiveTimeout(ctx, silence); err != nil || !isSubscribed(first) {
		return cmp.Or(err, unexpected(first))
	}
	receive(session.Message{Missed: true})
	begin := time.Now()
	pinging := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		ping(ctx, sub, begin, pinging)
	}()
	defer func() { close(pinging); <-done }()
	for ctx.Err() == nil {
		m, err := sub.ReceiveTimeout(ctx, silence)
		if err != nil || ctx.Err() != nil {
			return nil
		}
		if n, ok := noticeOf(m, begin); ok {
			receive(n)
		}
	}
	return nil
}

func isSubscribed(m any) bool {
	s, ok := m.(*redis.Subscription)
	return ok && s.Kind == "subscribe"
}

// ping sends pings that say when they were sent. If one cannot be sent, the
// connection is closed, before go-redis makes another one behind our back.
func ping(ctx context.Context, sub *redis.PubSub, begin time.Time, stop <-chan struct{}) {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		if err := sub.Ping(ctx, strconv.FormatInt(int64(time.Since(begin)), 10)); err != nil {
			sub.Close()
			return
		}
		select {
		case <-ticker.C:
		case <-stop:
			return
		}
	}
}

// noticeOf reads what has arrived. An answer to an old ping proves nothing
// about now; what is not understood may have been anything.
func noticeOf(m any, begin time.Time) (n session.Message, ok bool) {
	switch m := m.(type) {
	case *redis.Pong:
		sent, err := strconv.ParseInt(m.Payload, 10, 64)
		return n, err == nil && time.Since(begin)-time.Duration(sent) < silence
	case *redis.Message:
		var in message
		d := json.NewDecoder(bytes.NewReader([]byte(m.Payload)))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err == nil && !in.notice().IsZero() { // anybody can publish {}, which is no sign of life
			return in.notice(), true
		}
	}
	return session.Message{Missed: true}, true // or subscribed anew
}
