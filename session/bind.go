package session

import (
	"context"
	"errors"
	"strings"
	"time"
)

// A Binding is the key of the device that a session is bound to: a copy of its
// token is worth nothing without a proof of that key ([KeyProof]).
type Binding struct {
	Key       string    // the public key, as the carrier has it in text; empty if there is none
	Algorithm string    // what it signs with: "ES256", "RS256"
	Since     time.Time // when the session was bound; tells its keys apart
	// SeenAt is when the client first showed that it knows of the binding. Until
	// then no proof is asked for: the answer may have been lost on its way.
	SeenAt time.Time
}

// IsBound reports whether the session is of no use without a [KeyProof].
func (s *Session) IsBound() bool { return s.Bound.Key != "" && !s.Bound.SeenAt.IsZero() }

// A KeyProof is what a request tells of the key of its session. The carrier has
// checked it.
type KeyProof struct {
	Since time.Time // [Binding].Since of the key
	At    time.Time // before the key signed; zero if there is no proof
	// Excused says that the client claims that it could not prove anything now. It
	// counts if this process has failed it lately ([Manager.ProofFailed]).
	Excused bool
}

const (
	// maxKey bounds what is kept of a key, in bytes: RSA with 4096 bits in base64 of
	// its PKIX form has 736.
	maxKey = 1024

	// excuse is for how long a client is let in that could not prove its key because
	// we failed: browsers try again within that.
	excuse = 2 * time.Minute
)

var errKey = errors.New("session: no key, or too long a one")

// Bind binds a session to a key, of which the client has just proved that it holds
// it: text, and its algorithm. The binding holds from the first [KeyProof] that the
// client shows. Until then another key may take its place, since the answer to the
// first may have been lost; from then on that is [ErrBound]. To bind it to the same
// key again changes nothing.
//
// It returns [ErrNotFound] if it is not a live session of the user, and [ErrForeign]
// if it has no cookie of ours.
func (m *Manager) Bind(ctx context.Context, userID string, id ID, key, algorithm string) (*Session, error) {
	if key == "" || len(key) > maxKey {
		return nil, errKey
	}
	now := m.Now()
	var same *Session
	s, err := m.update(ctx, userID, id, func(s *Session) error {
		same = nil
		switch {
		case s.Carrier != CarrierCookie:
			return ErrForeign
		case s.Bound.Key == key:
			same = s
			return errTold
		case s.IsBound():
			return ErrBound
		}
		since := now
		if old := s.Bound.Since; !since.After(old) { // it tells the keys apart
			since = old.Add(time.Millisecond)
		}
		s.Bound = Binding{Key: key, Algorithm: algorithm, Since: since}
		return nil
	})
	if errors.Is(err, errTold) {
		return same, nil
	}
	if err != nil {
		return nil, err
	}
	m.notify(ctx, Event{Kind: EventBound, At: now, UserID: userID, IDs: []ID{id}, Session: s})
	return s, nil
}

// BoundTo returns the live session of that ID that has a key, for a carrier that checks
// a proof of it: who can prove it needs no token for that. An error that is [ErrRefused] is
// a definite no, any other is trouble. It signs nobody in.
func (m *Manager) BoundTo(ctx context.Context, id ID) (*Session, error) {
	s, gens, err := m.original(ctx, id)
	if err != nil {
		return nil, m.lookupFailed(ctx, id, err)
	}
	if err := m.over(s, gens, m.Now(), m.hub.find(id)); err != nil {
		return nil, err
	}
	if s.Bound.Key == "" {
		return nil, ErrUnbound
	}
	return s, nil
}

// isOf reports whether p is a proof of the key, of whatever age.
func (p *KeyProof) isOf(b *Binding) bool { return !p.At.IsZero() && p.Since.Equal(b.Since) }

// shownProof is what a transport has read from what a client shows of its key.
type shownProof struct {
	value string
	proof KeyProof
}

// ID returns the ID of the session.
func (k *Known) ID() ID { return k.s.ID }

// Proof returns the proof that was last kept of the session, if it was for that value.
func (k *Known) Proof(value string) (KeyProof, bool) {
	if last := k.l.proof.Load(); last != nil && last.value == value {
		return last.proof, true
	}
	return KeyProof{}, false
}

// KeepProof keeps what a value proves, for the next request that shows it.
func (k *Known) KeepProof(value string, p KeyProof) {
	k.l.proof.Store(&shownProof{strings.Clone(value), p})
}

// needsProof reports whether s cannot be used with p at that time. A proof that is
// older by half than the lifetime is taken, since clocks differ.
func (m *Manager) needsProof(s *Session, p KeyProof, now time.Time) bool {
	return s.IsBound() && !(p.isOf(&s.Bound) && now.Sub(p.At) < m.ProofAccepted())
}

// isQuietProof reports whether p is not news of the binding, and no other is needed, at that
// time in milliseconds since 1970: bindingIsNews and needsProof in one.
func (m *Manager) isQuietProof(b *Binding, p *KeyProof, now int64) bool {
	if b.SeenAt.IsZero() {
		return !p.isOf(b)
	}
	return p.isOf(b) && now-p.At.UnixMilli() < m.ProofAccepted().Milliseconds()
}

// ProofAccepted is how old a [KeyProof] may be: [Config].BoundLifetime and half of
// it, since clocks differ.
func (m *Manager) ProofAccepted() time.Duration {
	return m.cfg.BoundLifetime + m.cfg.BoundLifetime/2
}

// BoundLifetime is [Config].BoundLifetime, after which a client renews its proof.
func (m *Manager) BoundLifetime() time.Duration { return m.cfg.BoundLifetime }

// bindingIsNews reports whether p is the first proof of a binding.
func (s *Session) bindingIsNews(p KeyProof) bool {
	return s.Bound.Key != "" && s.Bound.SeenAt.IsZero() && p.isOf(&s.Bound)
}

// proved returns [ErrUnbound] if s is bound and p does not do, and tells of it if
// somebody else than its client seems to have come.
func (m *Manager) proved(ctx context.Context, s *Session, p KeyProof, from Origin, now time.Time) error {
	if !m.needsProof(s, p, now) {
		return nil
	}
	if p.Excused && m.unproved.failedLately(s.ID, now) {
		m.stats.excused.Add(1)
		return nil
	}
	m.stats.unbound.Add(1)
	m.tellCopied(ctx, s, p, from, now)
	return ErrUnbound
}

// ProofFailed notes that this process could not judge the proof of a client for
// trouble of its own. A client that says so ([KeyProof].Excused) is let in for two
// minutes without.
func (m *Manager) ProofFailed(id ID) { m.unproved.fail(id, m.Now()) }
