package session

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// siteUser is under whose name [Profiles] keep what is known of the site as a
// whole: nobody's, since the ID of a user is not blank.
const siteUser = " "

const (
	// watchFor is [Config.WatchMode] by default.
	watchFor = 14 * day
	// watchCheck is how often it is asked whether another instance has ended the
	// watch.
	watchCheck = time.Minute
	// watchReport is how often [Manager.Run] tells what was held back.
	watchReport = day
)

// A WatchMode says whether the site is in watch mode: visits are assessed and listed,
// and nobody is told of what is below [LevelHigh], while everything is new
// ([Config.WatchMode]).
type WatchMode struct {
	Since time.Time // when the site first assessed a visit; zero if it has not yet
	Until time.Time // when it begins to tell; it tells at once if that has passed
}

// On reports whether it is watch mode at a time.
func (w WatchMode) On(at time.Time) bool { return at.Before(w.Until) }

// watch is what is known here of the site's watch mode, and what was held back.
type watchMode struct {
	mu      sync.Mutex
	known   WatchMode
	read    bool
	checked time.Time

	signIns, moves, held, high atomic.Int64
}

// WatchMode returns the site's watch mode, as the store has it for all instances. It
// is never on where no profiles are kept.
func (m *Manager) WatchMode(ctx context.Context) (WatchMode, error) {
	if m.profiles == nil {
		return WatchMode{}, nil
	}
	prof, err := m.profiles.load(ctx, siteUser)
	if err != nil {
		return WatchMode{}, fmt.Errorf("session: watch: %w", err)
	}
	return decodeWatch(prof.assessor), nil
}

// EndWatchMode ends watch mode now, for all instances within a minute: from then on
// people are told.
func (m *Manager) EndWatchMode(ctx context.Context) error {
	if m.profiles == nil {
		return nil
	}
	wctx, cancel := write(ctx)
	defer cancel()
	now, ended := m.Now(), WatchMode{}
	err := m.changeProfile(wctx, siteUser, func(p *profile) bool {
		ended = decodeWatch(p.assessor)
		if ended.Since.IsZero() {
			ended.Since = now
		}
		if changed := ended.Until.IsZero() || ended.On(now); !changed {
			return false
		}
		ended.Until = now
		p.assessor = ended.encode()
		return true
	})
	if err != nil {
		return fmt.Errorf("session: end watch: %w", err)
	}
	m.watchMode.set(ended, now)
	return nil
}

// watching reports whether the site is in watch mode, which it enters when it
// assesses its first visit. What the store does not say is no.
func (m *Manager) watching(ctx context.Context) bool {
	if m.profiles == nil || m.cfg.Assessor == nil || m.cfg.WatchMode < 0 {
		return false
	}
	now := m.Now()
	if w, fresh := m.watchMode.get(now); fresh {
		return w.On(now)
	}
	w, err := m.enterWatch(ctx, now)
	if err != nil {
		m.cfg.Logger.WarnContext(ctx, "session: watch mode not known, people are told", "error", err)
		return false
	}
	m.watchMode.set(w, now)
	return w.On(now)
}

// enterWatch reads when the watch began, or begins it.
func (m *Manager) enterWatch(ctx context.Context, now time.Time) (w WatchMode, err error) {
	wctx, cancel := write(ctx)
	defer cancel()
	err = m.changeProfile(wctx, siteUser, func(p *profile) bool {
		if w = decodeWatch(p.assessor); !w.Since.IsZero() {
			return false
		}
		w = WatchMode{Since: now, Until: now.Add(m.cfg.WatchMode)}
		p.assessor = w.encode()
		return true
	})
	return w, err
}

// get returns what is known, and whether that is sure: that it is over is final.
func (w *watchMode) get(now time.Time) (known WatchMode, fresh bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.known, w.read && (!w.known.On(now) || now.Sub(w.checked) < watchCheck)
}

func (w *watchMode) set(known WatchMode, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known, w.read, w.checked = known, true, now
}

// watched notes on e whether the site is in watch mode.
func (m *Manager) watched(ctx context.Context, e Event) Event {
	if e.Watched = m.watching(ctx); e.Watched {
		m.watchMode.count(&e)
	}
	return e
}

// count notes what would have been told of an event.
func (w *watchMode) count(e *Event) {
	switch {
	case e.Verdict == nil:
	case e.Verdict.Level >= LevelHigh:
		w.high.Add(1)
	case e.Kind == EventStarted && e.Verdict.Level >= LevelNotice, e.Kind == EventMoved && e.Verdict.Level >= LevelAlert:
		w.held.Add(1)
	}
	if e.Kind == EventStarted {
		w.signIns.Add(1)
	} else {
		w.moves.Add(1)
	}
}

// tellWatch has the log say, once, that the site is in watch mode, each day what
// it has held back here, and at the end that people are told from now on.
func (m *Manager) tellWatch(ctx context.Context) {
	if m.profiles == nil || m.cfg.Assessor == nil || m.cfg.WatchMode < 0 {
		return
	}
	w, err := m.enterWatch(ctx, m.Now())
	if err != nil || !w.On(m.Now()) {
		return
	}
	m.cfg.Logger.InfoContext(ctx, "session: watch mode: all is assessed and listed, and nobody is told of what is below high",
		"since", w.Since, "until", w.Until)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	last := m.Now()
	every(ctx, watchCheck, func() {
		now := m.Now()
		w, err := m.WatchMode(ctx)
		over := err == nil && !w.On(now)
		if !over && now.Sub(last) < watchReport {
			return
		}
		last = now
		m.cfg.Logger.InfoContext(ctx, "session: watch mode", "over", over, "until", w.Until,
			"sign-ins", m.watchMode.signIns.Load(), "moves", m.watchMode.moves.Load(), "would have been told", m.watchMode.held.Load(), "told", m.watchMode.high.Load())
		if over {
			cancel()
		}
	})
}

const watchVersion = 1

func (w WatchMode) encode() []byte {
	b := binary.BigEndian.AppendUint64([]byte{watchVersion}, uint64(w.Since.UnixMilli()))
	return binary.BigEndian.AppendUint64(b, uint64(w.Until.UnixMilli()))
}

func decodeWatch(b []byte) (w WatchMode) {
	if len(b) != 17 || b[0] != watchVersion {
		return w
	}
	w.Since = time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:]))).UTC()
	w.Until = time.UnixMilli(int64(binary.BigEndian.Uint64(b[9:]))).UTC()
	return w
}

var errWatch = errors.New("session: Config.WatchMode: longer than a year")
