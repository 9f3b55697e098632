package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Issuers is what a [Store] may have besides: which sessions an identity
// provider signed in, and counters of the sign-outs that came from it. A Store
// sees keys only; the Manager makes them. storetest.Run checks this too, of a
// Store that has it.
//
// Links and counters are kept until their time is before a [Purge].Now, and
// links no longer than their session.
type Issuers interface {
	// Link notes that a session belongs to keys. The session need not be stored
	// yet. Linking it again does no harm.
	Link(ctx context.Context, id ID, keys []IssuerKey, until time.Time) error
	// Linked returns the sessions that belong to a key and have no Ending, by
	// ID, those after the given one, at most limit of them.
	Linked(ctx context.Context, key IssuerKey, after ID, limit int) ([]Owned, error)
	// Counters returns the counter of each key, 0 for one that was never
	// counted. Reading stores nothing.
	Counters(ctx context.Context, keys []IssuerKey) ([]int64, error)
	// Count adds one to the counter of each key, all of them or none, and keeps
	// them at least until then.
	Count(ctx context.Context, keys []IssuerKey, until time.Time) error
}

// An IssuerKey names, as a hash, what an identity provider ends by one message.
type IssuerKey [16]byte

// An Issued names a sign-in at an identity provider: the iss, sub and sid of
// its ID token. Subject or SID may be empty, not both.
type Issued struct {
	Issuer, Subject, SID string
}

// maxIssuerText bounds each text of an [Issued], in bytes. OpenID Connect Core
// 1.0, section 2, allows a sub of 255.
const maxIssuerText = 1024

// IsZero reports whether i names nothing.
func (i Issued) IsZero() bool { return i == Issued{} }

func (i Issued) check() error {
	if i.Issuer == "" || i.Subject == "" && i.SID == "" {
		return errors.New("session: an Issued needs an Issuer, and a Subject or a SID")
	}
	for _, s := range []string{i.Issuer, i.Subject, i.SID} {
		if len(s) > maxIssuerText {
			return fmt.Errorf("session: Issued: a text is longer than %d bytes", maxIssuerText)
		}
	}
	return nil
}

func issuerKey(parts ...string) (k IssuerKey) {
	h := sha256.New()
	for _, s := range parts {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	copy(k[:], h.Sum(nil))
	return k
}

// bySubject ends every session of a subject, bySID those of one sign-in at the
// provider, and loose those of a subject whose sign-in is not known.
func (i Issued) bySubject() IssuerKey { return issuerKey("sub", i.Issuer, i.Subject) }
func (i Issued) bySID() IssuerKey     { return issuerKey("sid", i.Issuer, i.SID) }
func (i Issued) loose() IssuerKey     { return issuerKey("loose", i.Issuer, i.Subject) }

// belongs returns the keys of a session.
func (i Issued) belongs() (keys []IssuerKey) {
	if i.Subject != "" {
		keys = append(keys, i.bySubject())
	}
	if i.SID != "" {
		return append(keys, i.bySID())
	}
	return append(keys, i.loose())
}

// ends returns the keys of what a sign-out ends.
func (i Issued) ends() (keys []IssuerKey) {
	if i.SID == "" {
		return []IssuerKey{i.bySubject()}
	}
	if keys = append(keys, i.bySID()); i.Subject != "" {
		keys = append(keys, i.loose())
	}
	return keys
}

// An IssuerSignOut is an identity provider's word that a sign-in is over, or,
// without SID, every sign-in of a subject.
type IssuerSignOut struct {
	Issued
	// Message names the provider's message, its jti, so that one that is
	// delivered again ends nothing more. Defaults to none.
	Message string
	// Until is when the message expires: so long is it remembered. Needed with
	// Message.
	Until time.Time
	// Unsigned says that anybody may have said so: it ends what it names, and
	// leaves no trace if that is nothing. Defaults to false.
	Unsigned bool
}

// KeepsIssued reports whether sessions can be found by their identity provider.
func (m *Manager) KeepsIssued() bool { return m.issuers != nil }

func issuersOf(store Store) Issuers {
	i, ok := store.(Issuers)
	if o, passesOn := store.(interface{ KeepsIssued() bool }); !ok || passesOn && !o.KeepsIssued() {
		return nil
	}
	return i
}

var errNoIssuers = fmt.Errorf("session: the Store does not find sessions by their identity provider: %w", errors.ErrUnsupported)

// BeginIssued is [Manager.BeginSignIn] for a user whom an identity provider
// signs in. If the provider signs them out before [Manager.Start], Start
// returns [ErrOutdated]. The session gets the names of i.
//
// Take the ticket as soon as the ID token is verified.
func (m *Manager) BeginIssued(ctx context.Context, userID string, i Issued) (Ticket, error) {
	if err := i.check(); err != nil {
		return Ticket{}, err
	}
	by := m.issuers
	if by == nil {
		return Ticket{}, errNoIssuers
	}
	counters, err := by.Counters(ctx, i.belongs())
	if err != nil {
		return Ticket{}, fmt.Errorf("session: begin sign-in: %w", err)
	}
	t, err := m.BeginSignIn(ctx, userID)
	t.Issued, t.Counters = i, counters
	return t, err
}

// RevokeIssued ends the sessions that an identity provider has ended: those
// with its Issuer and SID, if it names one, else those with its Issuer and
// Subject. With both, sessions of the Subject that know no SID end too.
// Sign-ins at the provider that are under way here come to nothing
// ([Manager.BeginIssued]). It returns how many sessions it ended.
//
// If it returns an error, some may have ended; calling again is safe.
func (m *Manager) RevokeIssued(ctx context.Context, o IssuerSignOut) (int, error) {
	if err := o.check(); err != nil {
		return 0, err
	}
	by := m.issuers
	if by == nil {
		return 0, errNoIssuers
	}
	wctx, cancel := write(ctx)
	defer cancel()
	message := []IssuerKey{issuerKey("message", o.Issuer, o.Message)}
	if o.Message != "" {
		seen, err := by.Counters(wctx, message)
		if err != nil || len(seen) != 1 || seen[0] > 0 {
			return 0, wrap("session: revoke issued", err)
		}
	}
	if err := m.sameSubject(wctx, by, o.Issued); err != nil {
		return 0, err
	}
	if !o.Unsigned {
		// The counters first: a sign-in that is not found below is refused by them.
		if err := by.Count(wctx, o.ends(), m.Now().Add(2*MaxTicketAge)); err != nil {
			return 0, fmt.Errorf("session: revoke issued: %w", err)
		}
	}
	ended := 0
	for _, key := range o.ends() {
		n, err := m.revokeLinked(ctx, by, key)
		if ended += n; err != nil {
			return ended, err
		}
	}
	if o.Message == "" {
		return ended, nil
	}
	// Last: a message whose work was interrupted is worked on again.
	return ended, wrap("session: revoke issued", by.Count(wctx, message, o.Until))
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// sameSubject returns [ErrIssuedMismatch] if i names a sign-in of another
// subject than its own.
func (m *Manager) sameSubject(ctx context.Context, by Issuers, i Issued) error {
	if i.SID == "" || i.Subject == "" {
		return nil
	}
	return eachLinked(ctx, by, i.bySID(), func(all []Owned) error {
		for _, l := range all {
			s, _, err := m.original(ctx, l.ID)
			switch {
			case errors.Is(err, ErrUnknown), errors.Is(err, ErrCorrupt):
			case err != nil:
				return fmt.Errorf("session: revoke issued: %w", err)
			case s.Subject != "" && s.Subject != i.Subject:
				return ErrIssuedMismatch
			}
		}
		return nil
	})
}

// revokeLinked ends what belongs to a key.
func (m *Manager) revokeLinked(ctx context.Context, by Issuers, key IssuerKey) (ended int, err error) {
	err = eachLinked(ctx, by, key, func(all []Owned) error {
		slices.SortStableFunc(all, func(a, b Owned) int { return cmp.Compare(a.UserID, b.UserID) })
		for len(all) > 0 {
			r := Revocation{UserID: all[0].UserID}
			for len(all) > 0 && all[0].UserID == r.UserID {
				r.Only, all = append(r.Only, all[0].ID), all[1:]
			}
			done, err := m.revoke(ctx, r, ReasonIssuer)
			if ended += done.Count; err != nil {
				return err
			}
		}
		return nil
	})
	return ended, err
}

// linkedPage is how many sessions are looked up by one call.
const linkedPage = 500

func eachLinked(ctx context.Context, by Issuers, key IssuerKey, do func([]Owned) error) error {
	var after ID
	for {
		all, err := by.Linked(ctx, key, after, linkedPage)
		if err != nil {
			return fmt.Errorf("session: sessions of an identity provider: %w", err)
		}
		if len(all) == 0 {
			return nil
		}
		after = all[len(all)-1].ID
		if err := do(all); err != nil {
			return err
		}
		if len(all) < linkedPage {
			return nil
		}
	}
}

// link makes s, which is about to be stored, one that its identity provider can
// end. It returns the counters that have to be the same after it was stored.
func (m *Manager) link(ctx context.Context, s *Session, t Ticket) (counters []int64, err error) {
	i, by := s.issued(), m.issuers
	if by == nil || i.check() != nil {
		return nil, nil
	}
	if counters = t.Counters; counters == nil {
		if counters, err = by.Counters(ctx, i.belongs()); err != nil {
			return nil, err
		}
	}
	return counters, by.Link(ctx, s.ID, i.belongs(), s.ExpiresAt)
}

// linked returns [ErrOutdated], and ends s, if its identity provider has ended
// it meanwhile. Either this sees the counter of a sign-out, or the sign-out,
// which counts first, sees the session; one in a transaction of the host's is
// not seen before the commit, so it is looked at once more after it.
func (m *Manager) linked(ctx context.Context, s *Session, counters []int64) error {
	if counters == nil {
		return nil
	}
	if Held(ctx) {
		AfterCommit(ctx, func() {
			// Not by ctx, which belongs to the transaction that is over.
			wctx, cancel := write(context.Background())
			defer cancel()
			if err := m.stillIssued(wctx, s, counters); err != nil {
				m.cfg.Logger.WarnContext(ctx, "session: signed out by the identity provider during the sign-in", "session", s.ID, "error", err)
			}
		})
	}
	return m.stillIssued(ctx, s, counters)
}

func (m *Manager) stillIssued(ctx context.Context, s *Session, counters []int64) error {
	now, err := m.issuers.Counters(ctx, s.issued().belongs())
	if err == nil && slices.Equal(now, counters) {
		return nil
	}
	if _, rerr := m.revoke(ctx, Revocation{UserID: s.UserID, Only: []ID{s.ID}}, ReasonIssuer); rerr != nil || err != nil {
		return errors.Join(err, rerr)
	}
	return ErrOutdated
}

func (s *Session) issued() Issued { return Issued{Issuer: s.Issuer, Subject: s.Subject, SID: s.SID} }
