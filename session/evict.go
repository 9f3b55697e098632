package session

import (
	"bytes"
	"cmp"
	"context"
	"slices"
)

const (
	// maxEvicted bounds how many sessions one sign-in ends beyond the user's
	// bound. Run ends the rest.
	maxEvicted = 100
	// evictPages is how many pages of a user's sessions are looked at for them,
	// beyond the bound.
	evictPages = 2
)

// evict ends what is beyond the user's bound, but not s unless that was overtaken.
// It does so for a client that has gone away, too.
func (m *Manager) evict(ctx context.Context, s *Session) {
	wctx, cancel := write(ctx)
	defer cancel()
	more, err := m.evictSome(wctx, s.UserID, s.ID)
	if err != nil { // the sign-in stands
		m.cfg.Logger.ErrorContext(ctx, "session: sessions beyond the bound were not ended", "user", s.UserID, "error", err)
	}
	if more || err != nil { // without Run the next sign-in looks again
		m.rest.add(duty{dutyEvict, s.UserID})
	}
}

// evictSome ends the longest idle sessions beyond the user's bound, at most
// maxEvicted, and reports whether there are more. Every sign-in looks after its
// own session is stored, so whichever comes last sees all, and all choose the
// same ones, since only the latest spares its own. Of far more than the bound,
// those that signed in first are chosen from.
func (m *Manager) evictSome(ctx context.Context, userID string, spare ID) (more bool, err error) {
	most := m.maxPerUser(ctx, userID)
	if most < 0 {
		return false, nil
	}
	if n, err := m.count(ctx, userID); err != nil || n <= min(most, CountLimit-1) {
		return false, err
	}
	own, err := m.oldest(ctx, userID, most)
	excess := len(own) - most
	if err != nil || excess <= 0 {
		return false, err
	}
	if overtaken(own, spare) {
		spare = ID{}
	}
	r := Revocation{UserID: userID}
	for _, old := range own {
		if old.ID != spare && len(r.Only) < min(excess, maxEvicted) {
			r.Only = append(r.Only, old.ID)
		}
	}
	if len(r.Only) > 0 {
		_, err = m.revoke(ctx, r, ReasonEvicted)
	}
	return err == nil && excess > maxEvicted, err
}

// overtaking is for how long a sign-in may look for what is beyond the bound while
// another one does.
const overtaking = 2 * writeTimeout

// overtaken reports whether the session that signs in is not the latest: another
// one came beside it. If each of the two were to spare its own, both could end.
// What is later by more is none of that, but of another clock.
func overtaken(own []*Session, id ID) bool {
	i := slices.IndexFunc(own, func(s *Session) bool { return s.ID == id })
	return i >= 0 && slices.ContainsFunc(own, func(s *Session) bool {
		later := s.First.At.Sub(own[i].First.At)
		return later > 0 && later < overtaking
	})
}

// oldest returns sessions of the user, the longest idle first: all of them, or
// of many more than the bound those that signed in first. What another system
// issued is left out: it is its count.
func (m *Manager) oldest(ctx context.Context, userID string, most int) (own []*Session, err error) {
	q := Query{UserID: userID, State: StateLive, Limit: listPage, Oldest: true}
	now := m.Now()
	for range evictPages + most/listPage {
		page, whole, err := m.page(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			if s.Carrier != CarrierForeign && s.Support() == "" && !m.expired(s, now, m.hub.find(s.ID)) {
				own = append(own, m.withLatest(s))
			}
		}
		if len(page) == 0 || len(page) < q.Limit && whole {
			break
		}
		q.After = page[len(page)-1]
	}
	slices.SortFunc(own, func(a, b *Session) int {
		return cmp.Or(a.Last.At.Compare(b.Last.At), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return own, nil
}

// maxPerUser returns the bound of a user, negative for none: so it is while MaxFor
// panics, and the next sign-in asks again.
func (m *Manager) maxPerUser(ctx context.Context, userID string) (most int) {
	if m.cfg.MaxFor == nil {
		return m.cfg.MaxPerUser
	}
	defer func() {
		if p := recover(); p != nil { // Run would end the process by it
			m.cfg.Logger.ErrorContext(ctx, "session: MaxFor panicked", "user", userID, "panic", p)
			most = -1
		}
	}()
	return cmp.Or(m.cfg.MaxFor(ctx, userID), m.cfg.MaxPerUser)
}
