package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// An Export is everything that is kept about a user. It holds no secret, but
// the Signals tell what looked unusual: hand it out only to who is surely the
// user, and in no session that is [Session.InQuestion].
type Export struct {
	UserID   string
	Reviewed time.Time  // when the user last looked through their devices; zero if never
	Sessions []*Session // live ones first
	Devices  []ExportedDevice
	Habits   []byte // what the Assessor keeps, in its own form
}

// An ExportedDevice is a known device. What else is kept of it are hashes.
type ExportedDevice struct {
	FirstDay, LastDay time.Time // of its sign-ins
	CountryCode       string    // of the last one, ISO 3166-1 alpha-2
}

// Export returns everything that is kept about a user, for the answer to a request
// under article 15 of the GDPR. Hand it out only in a session that is believed
// ([Session.Believed]): a stranger would learn from it what to look like.
func (m *Manager) Export(ctx context.Context, userID string) (Export, error) {
	live, err := m.List(ctx, userID)
	if err != nil {
		return Export{}, err
	}
	ended, err := m.History(ctx, userID, 0)
	if err != nil {
		return Export{}, err
	}
	over := idsOf(ended) // some of them since the others were read
	live = slices.DeleteFunc(live, func(s *Session) bool { return over[s.ID] })
	e := Export{UserID: userID}
	for _, s := range append(live, ended...) {
		s = s.Clone()
		s.Secrets = Secrets{}
		e.Sessions = append(e.Sessions, s)
	}
	if m.profiles == nil {
		return e, nil
	}
	prof, err := m.profiles.load(ctx, userID)
	if err != nil {
		return Export{}, err
	}
	e.Habits, e.Reviewed = prof.assessor, prof.reviewedAt()
	for _, d := range prof.devices {
		e.Devices = append(e.Devices, d.export())
	}
	return e, nil
}

func (d knownDevice) export() ExportedDevice {
	at := func(n uint16) time.Time { return time.Unix(0, 0).UTC().AddDate(0, 0, int(n)) }
	return ExportedDevice{FirstDay: at(d.first), LastDay: at(d.last), CountryCode: strings.TrimRight(string(d.country[:]), "\x00")}
}

// Erase signs a user out everywhere and deletes everything that is kept of
// them. Who is signed in by tokens of another system has to be erased there
// first: nothing stays here by which such a token could be told from a new one.
func (m *Manager) Erase(ctx context.Context, userID string) error {
	if _, err := m.RevokeAll(ctx, userID, ReasonErased); err != nil {
		return err
	}
	now := m.Now()
	for more := true; more; {
		done, err := m.purge(context.WithoutCancel(ctx), Purge{UserID: userID, Now: now, Limit: sweepLimit})
		if err != nil {
			return fmt.Errorf("session: erase: %w", err)
		}
		more = done.More
	}
	m.notify(ctx, Event{Kind: EventErased, At: now, UserID: userID})
	return nil
}
