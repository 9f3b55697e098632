package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Label is what s is called: as its user named it, or else after its device,
// with its number if it has twins: "Chrome on Windows (2)".
func (s *Session) Label() string {
	switch {
	case s.Name != "":
		return s.Name
	case s.Twin > 1:
		return fmt.Sprintf("%s (%d)", s.Last.Device.Title(), s.Twin)
	}
	return s.Last.Device.Title()
}

// maxTwins bounds how many of a user's sessions a sign-in is compared with, the
// latest first.
const maxTwins = 256

// place gives s, which is about to start, its place among the live sessions of
// its user, and returns those that it takes the place of: the cookie sessions of
// the same browser, since a browser has one. Its name goes on. What cannot be
// told from others is numbered.
//
// A sign-in that is not believed ends nothing: the one before may be what has to
// judge it. If the others cannot be read, s is a device more.
func (m *Manager) place(ctx context.Context, s *Session, replaces *Session) (former []ID) {
	spare, cancel := context.WithTimeout(ctx, spareTimeout)
	defer cancel()
	all, err := m.list(spare, Query{UserID: s.UserID, State: StateLive, Limit: maxTwins})
	if err != nil {
		m.cfg.Logger.WarnContext(ctx, "session: not compared with the user's others", "user", s.UserID, "error", err)
		return nil
	}
	now := m.Now()
	taken := make(map[uint16]bool)
	for _, o := range all {
		_, part := o.Parent()
		same := s.isSameBrowser(o)
		switch {
		case m.expired(o, now, m.hub.find(o.ID)), part:
		case same || replaces != nil && o.ID == replaces.ID:
			if s.Name == "" {
				s.Name = o.Name
			}
			if same && (replaces == nil || o.ID != replaces.ID) {
				former = append(former, o.ID)
			}
		case o.Last.Device.Title() == s.Last.Device.Title():
			taken[max(o.Twin, 1)] = true
		}
	}
	for n := uint16(1); ; n++ {
		if !taken[n] {
			if n > 1 {
				s.Twin = n
			}
			return former
		}
	}
}

// isSameBrowser reports whether o is what the browser of s had before.
func (s *Session) isSameBrowser(o *Session) bool {
	return s.DeviceKey != (DeviceKey{}) && o.DeviceKey == s.DeviceKey && !s.Provisional &&
		s.Carrier == CarrierCookie && o.Carrier == CarrierCookie
}

// replaced ends what a sign-in has taken the place of. The sign-in stands if that
// fails.
func (m *Manager) replaced(ctx context.Context, s *Session, former []ID) {
	former = slices.DeleteFunc(former, func(id ID) bool { return id == s.ID })
	if len(former) == 0 {
		return
	}
	if _, err := m.revoke(ctx, Revocation{UserID: s.UserID, Only: former}, ReasonReplaced); err != nil {
		m.cfg.Logger.ErrorContext(ctx, "session: the sessions that were replaced did not end", "sessions", former, "error", err)
	}
}

// RevokeEach ends some of the user's sessions, in one step, and returns how many
// of them were live. Those that are not the user's, or that are over, are passed
// over. For what it promises, see [Manager.Revoke].
func (m *Manager) RevokeEach(ctx context.Context, userID string, ids []ID, why Reason) (int, error) {
	if err := checkUserID(userID); err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		return 0, nil
	}
	done, err := m.revoke(ctx, Revocation{UserID: userID, Only: slices.Clone(ids)}, why)
	if err != nil {
		return done.Count, err
	}
	rest := slices.DeleteFunc(slices.Clone(ids), func(id ID) bool { return slices.Contains(done.IDs, id) })
	if err := m.repeated(ctx, userID, rest); err != nil {
		return done.Count, fmt.Errorf("session: revoke: %w", err)
	}
	return done.Count, nil
}

// repeated cuts what is open on those of the sessions that are the user's, and
// tells others of them: a call that ended them may have told nobody.
func (m *Manager) repeated(ctx context.Context, userID string, over []ID) error {
	if len(over) == 0 {
		return nil
	}
	wctx, cancel := write(ctx)
	defer cancel()
	if m.fresh != nil {
		wctx = m.fresh(wctx)
	}
	found, err := m.store.GetMany(wctx, over)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return err
	}
	e := Event{Kind: EventRepeated, At: m.Now(), UserID: userID}
	for _, f := range found {
		if f.Session.UserID == userID {
			e.IDs = append(e.IDs, f.Session.ID)
		}
	}
	if len(e.IDs) > 0 {
		AfterCommit(ctx, func() { m.cut(ctx, e.IDs...) })
		m.notify(ctx, e)
	}
	return nil
}
