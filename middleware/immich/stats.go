package immich

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Stats is a count of what happened since the Proxy was made. What could not be
// judged because of the store is in [middleware.Stats].
type Stats struct {
	// NoAnswer are requests that were answered 502 since Immich did not answer.
	NoAnswer int64
	// Unjudged are WebSockets that were answered 503 since Immich did not say in time
	// whose their token is.
	Unjudged int64
	// Unasked are questions to Immich about a token that it did not answer.
	Unasked int64
	// Unended are sessions that were ended here and that Immich did not end when it
	// was asked to. It is asked again when their tokens come by, or their users.
	Unended int64
}

type counters struct{ noAnswer, unjudged, unasked, unended atomic.Int64 }

// Stats returns the counts, for a page of metrics.
func (p *Proxy) Stats() Stats {
	c := &p.stats
	return Stats{NoAnswer: c.noAnswer.Load(), Unjudged: c.unjudged.Load(), Unasked: c.unasked.Load(), Unended: c.unended.Load()}
}

// note counts trouble, and logs the first of a minute.
func (p *Proxy) note(ctx context.Context, n *atomic.Int64, what string, args ...any) {
	so := n.Add(1)
	if p.logs.allows(what, p.manager.Now()) {
		p.cfg.Logger.Log(ctx, slog.LevelWarn, "immich: "+what, append(args, "so far", so)...)
	}
}

// minutely allows each of a few things once a minute.
type minutely struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (m *minutely) allows(what string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last, ok := m.last[what]; ok && now.Sub(last) < time.Minute && !now.Before(last) {
		return false
	}
	if m.last == nil {
		m.last = make(map[string]time.Time)
	}
	m.last[what] = now
	return true
}
