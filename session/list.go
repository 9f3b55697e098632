package session

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// listPage is how many sessions are read from the store at once.
const listPage = 500

// A Page is a part of a user's live sessions.
type Page struct {
	// Sessions are the most recently active first. Pages follow each other by
	// sign-in, the latest first.
	Sessions []*Session
	// Total is how many live sessions the user has, as far as they were counted
	// ([CountLimit]). Some of them may have expired a moment ago.
	Total int
	// Next is what to ask for the next page with; nil if this was the last one.
	Next *Cursor
}

// A Cursor says where a [Page] ends. It is no secret, and holds also when that
// session has ended since.
type Cursor struct {
	StartedAt time.Time
	ID        ID
}

// List returns the user's live sessions, the most recently active first: all of
// them. For who may have very many, use [Manager.ListPage].
func (m *Manager) List(ctx context.Context, userID string) ([]*Session, error) {
	if err := checkUserID(userID); err != nil {
		return nil, err
	}
	all, err := m.listAll(ctx, Query{UserID: userID, State: StateLive})
	if err != nil {
		return nil, err
	}
	return m.mostRecent(all), nil
}

// ListPage returns at most limit of the user's live sessions, the first ones if
// after is nil.
func (m *Manager) ListPage(ctx context.Context, userID string, after *Cursor, limit int) (Page, error) {
	if err := checkUserID(userID); err != nil {
		return Page{}, err
	}
	if limit <= 0 {
		return Page{}, fmt.Errorf("session: list: limit %d is not positive", limit)
	}
	q := Query{UserID: userID, State: StateLive, Limit: limit + 1}
	if after != nil {
		q.After = &Session{ID: after.ID, First: Visit{At: after.StartedAt}}
	}
	all, err := m.listAll(ctx, q)
	if err != nil {
		return Page{}, err
	}
	var p Page
	if len(all) > limit {
		last := all[limit-1]
		p.Next = &Cursor{last.First.At, last.ID}
		all = all[:limit]
	}
	p.Sessions = m.mostRecent(all)
	if p.Total = len(p.Sessions); after != nil || p.Next != nil {
		p.Total, err = m.count(ctx, userID)
	}
	return p, err
}

// mostRecent returns those of live sessions that have not expired, the most
// recently active first.
func (m *Manager) mostRecent(all []*Session) []*Session {
	now := m.Now()
	all = slices.DeleteFunc(all, func(s *Session) bool { return m.expired(s, now, m.hub.find(s.ID)) })
	for i, s := range all {
		all[i] = m.inForce(m.withLatest(s))
	}
	slices.SortFunc(all, func(a, b *Session) int {
		return cmp.Or(b.Last.At.Compare(a.Last.At), bytes.Compare(b.ID[:], a.ID[:]))
	})
	return all
}

// listAll reads all pages of q, or as many as make q.Limit.
func (m *Manager) listAll(ctx context.Context, q Query) (all []*Session, err error) {
	most := q.Limit
	for {
		if q.Limit = listPage; most > 0 {
			q.Limit = min(listPage, most-len(all))
		}
		page, whole, err := m.page(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) == 0 || len(page) < q.Limit && whole || len(all) == most {
			return all, nil
		}
		q.After = page[len(page)-1]
	}
}

func (m *Manager) count(ctx context.Context, userID string) (int, error) {
	n, err := m.store.CountLive(ctx, userID)
	if err != nil {
		return 0, fmt.Errorf("session: count: %w", err)
	}
	return n, nil
}

// withLatest returns s with the activity that this process has noted but not
// yet written.
func (m *Manager) withLatest(s *Session) *Session {
	l := m.hub.find(s.ID)
	if l == nil || !l.lastAt().After(s.Last.At) {
		return s
	}
	s = s.Clone()
	s.Last = l.seen.Load().latestVisit()
	return s
}

// History returns the user's sessions that are over, the latest ended first,
// at most limit of them. Limit 0 means all that are kept.
func (m *Manager) History(ctx context.Context, userID string, limit int) ([]*Session, error) {
	if err := checkUserID(userID); err != nil {
		return nil, err
	}
	if limit < 0 {
		return nil, fmt.Errorf("session: history: limit %d is negative", limit)
	}
	// Live ones first: what ends meanwhile is found among those that have ended.
	var live []*Session
	var err error
	if limit > 0 { // the oldest will do, which have expired first
		live, err = m.list(ctx, Query{UserID: userID, State: StateLive, Limit: listPage, Oldest: true})
	} else {
		live, err = m.listAll(ctx, Query{UserID: userID, State: StateLive})
	}
	if err != nil {
		return nil, err
	}
	ended, err := m.listAll(ctx, Query{UserID: userID, State: StateEnded, Limit: limit})
	if err != nil {
		return nil, err
	}
	marked := idsOf(ended)
	now := m.Now()
	for _, s := range live { // time ended it, and Run has not come by yet
		if !marked[s.ID] && m.expired(s, now, m.hub.find(s.ID)) {
			ended = append(ended, asExpired(m.inForce(m.withLatest(s))))
		}
	}
	slices.SortFunc(ended, func(a, b *Session) int {
		return cmp.Or(b.Ended.At.Compare(a.Ended.At), bytes.Compare(b.ID[:], a.ID[:]))
	})
	if limit > 0 && len(ended) > limit {
		ended = ended[:limit]
	}
	return ended, nil
}

func idsOf(all []*Session) map[ID]bool {
	ids := make(map[ID]bool, len(all))
	for _, s := range all {
		ids[s.ID] = true
	}
	return ids
}

func asExpired(s *Session) *Session {
	s = s.Clone()
	s.Ended = &Ending{At: s.IdleExpiresAt(), Reason: ReasonExpired, By: bySystem}
	s.DropAddresses()
	return s
}

// list is [Store.List] in which a session that cannot be decoded is logged and
// left out.
func (m *Manager) list(ctx context.Context, q Query) ([]*Session, error) {
	all, _, err := m.page(ctx, q)
	return all, err
}

// page is list, and tells whether nothing was left out. Where nothing of a page can
// be decoded it asks for more, since nobody could go on from there.
func (m *Manager) page(ctx context.Context, q Query) (all []*Session, whole bool, err error) {
	most := q.Limit
	for {
		all, err = m.store.List(ctx, q)
		if len(all) > 0 || !errors.Is(err, ErrCorrupt) || most == 0 || q.Limit >= CountLimit {
			break
		}
		q.Limit *= 8
	}
	corrupt := errors.Is(err, ErrCorrupt)
	if corrupt {
		m.cfg.Logger.ErrorContext(ctx, "session: left out stored sessions that cannot be decoded", "user", q.UserID, "error", err)
	} else if err != nil {
		return nil, false, fmt.Errorf("session: list: %w", err)
	}
	if most > 0 && len(all) > most {
		all = all[:most]
	}
	return slices.Clone(all), !corrupt, nil
}
