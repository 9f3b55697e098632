package session

import (
	"context"
	"sync"
	"time"

	"github.com/signedin/signedin/geo"
)

// The codes of the [Signal] of an [EventCopied].
const (
	signalCopied   = "session.copied"    // without a proof of the key
	signalWrongKey = "session.wrong-key" // with proofs of another key
)

// wrongKeys is how many proofs of another key there are in a day before they are
// told of: one may be of a browser whose key was lost.
const wrongKeys = 3

// unproved is what this process has noted of sessions whose key was not proved. It
// is bounded: what is forgotten is told again, or excuses nobody.
type unproved struct {
	mu     sync.Mutex
	failed map[ID]time.Time // for trouble of our own
	told   map[ID]time.Time
	wrong  map[ID]wrongProofs
}

// wrongProofs are proofs of another key than the session's.
type wrongProofs struct {
	n     int
	since time.Time
}

const maxUnproved = 4096

func note[V any](m *map[ID]V, id ID, v V) {
	if _, ok := (*m)[id]; *m == nil || !ok && len(*m) >= maxUnproved {
		*m = make(map[ID]V)
	}
	(*m)[id] = v
}

func (u *unproved) fail(id ID, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	note(&u.failed, id, now)
}

func (u *unproved) failedLately(id ID, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	at, ok := u.failed[id]
	return ok && now.Sub(at) < excuse
}

// isNews reports whether a copy of the session is to be told of, once a day.
func (u *unproved) isNews(id ID, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at, ok := u.told[id]; ok && now.Sub(at) < reuseNews {
		return false
	}
	note(&u.told, id, now)
	return true
}

// isRepeated counts a proof of another key, and reports whether there are too many.
func (u *unproved) isRepeated(id ID, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	w, ok := u.wrong[id]
	if !ok || now.Sub(w.since) >= day {
		w = wrongProofs{since: now}
	}
	w.n++
	note(&u.wrong, id, w)
	return w.n >= wrongKeys
}

// tellCopied tells the observers of a copy that was refused, once a day of a session.
// A request like those of its client, from where that was last, is none: its key may
// be lost, as in a browser that was restored from a backup. One that says why it has no proof may
// have come to another network meanwhile.
func (m *Manager) tellCopied(ctx context.Context, s *Session, p KeyProof, from Origin, now time.Time) {
	last := s.Last
	if l := m.hub.find(s.ID); l != nil {
		if seen := l.seen.Load(); seen != nil && !seen.latest().Before(last.At) {
			last = seen.visit.visit()
		}
	}
	d := m.cfg.Device(from.bounded().Hints)
	alike := d.Family() == last.Device.Family()
	near := m.cfg.Addresses == AddressesNone || geo.Network(geo.Canonical(from.IP)) == last.Network
	if alike && (near || p.Excused) {
		return
	}
	m.copied(ctx, s, from, now, Signal{Code: signalCopied,
		Text: "A copy of its sign-in was used where its key is not, and was refused."})
}

// WrongProof notes that a client that has the cookie of a bound session has signed
// with another key than the session's. The observers are told of the third in a day.
func (m *Manager) WrongProof(ctx context.Context, s *Session, from Origin) {
	m.stats.wrongProofs.Add(1)
	now := m.Now()
	if !m.unproved.isRepeated(s.ID, now) {
		return
	}
	m.copied(ctx, s, from, now, Signal{Code: signalWrongKey,
		Text: "A copy of its sign-in was used with the key of another device, and was refused."})
}

// copied tells of a copy that was refused. The session goes on: it has lost nothing.
func (m *Manager) copied(ctx context.Context, s *Session, from Origin, now time.Time, g Signal) {
	if !m.unproved.isNews(s.ID, now) {
		return
	}
	g.Level, g.At, g.Args = LevelAlert, now, map[string]string{"session": s.ID.String()}
	v := m.locate(ctx, Visit{At: now, Device: m.cfg.Device(from.bounded().Hints)}, from)
	if _, ok := m.cfg.Assessor.(Learner); ok {
		m.tellLearner(ctx, Case{Session: s, Visit: v}, AnswerCopied)
	}
	m.notify(ctx, Event{Kind: EventCopied, At: now, UserID: s.UserID, IDs: []ID{s.ID}, Session: s, Visit: &v,
		Verdict: &Verdict{Level: LevelAlert, Signals: []Signal{g}}})
}
