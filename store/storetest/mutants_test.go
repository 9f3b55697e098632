package storetest_test

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signedin/signedin/session"
)

// mutants are stores with one fault each, all of them seen in the field or
// easy to make, and the rule that catches it. Where race is set, Race catches
// it as well.
var mutants = []struct {
	name  string
	rule  string
	race  bool
	wrong func(m *mutant)
}{
	{"update upserts", "revoked is final", true, func(m *mutant) {
		m.update = func(ctx context.Context, s *session.Session) error {
			err := m.Store.Update(ctx, s)
			if errors.Is(err, session.ErrEnded) || errors.Is(err, session.ErrUnknown) {
				m.revive(s)
				return nil
			}
			return err
		}
	}},
	{"touch revives", "touch what is not live", true, func(m *mutant) {
		m.touch = func(ctx context.Context, touches []session.Touch) error {
			for _, t := range touches {
				if s, g, err := m.Store.Get(ctx, t.ID); err == nil && (s.Ended != nil || s.Generations != g) {
					m.revive(s)
				}
			}
			return m.Store.Touch(ctx, touches)
		}
	}},
	{"create replaces", "create never replaces", false, func(m *mutant) {
		m.create = func(ctx context.Context, s *session.Session) error {
			err := m.Store.Create(ctx, s)
			if errors.Is(err, session.ErrExists) {
				m.revive(s)
				return nil
			}
			return err
		}
	}},
	{"no version check", "update conflict", false, func(m *mutant) {
		m.update = func(ctx context.Context, s *session.Session) error {
			for {
				now, _, err := m.Store.Get(ctx, s.ID)
				if err != nil {
					return err
				}
				s = s.Clone()
				s.Version = now.Version
				if err := m.Store.Update(ctx, s); !errors.Is(err, session.ErrConflict) {
					return err
				}
			}
		}
	}},
	{"version checked before the write", "race update update", false, func(m *mutant) {
		m.update = func(ctx context.Context, s *session.Session) error {
			now, _, err := m.Store.Get(ctx, s.ID)
			if err != nil || now.Version != s.Version {
				return errors.Join(err, m.Store.Update(ctx, s))
			}
			runtime.Gosched()
			if err := m.Store.Update(ctx, s); !errors.Is(err, session.ErrConflict) {
				return err
			}
			return nil
		}
	}},
	{"no owner check", "revoke passes over", false, func(m *mutant) {
		m.revoke = func(ctx context.Context, r session.Revocation) (done session.Revoked, err error) {
			if r.All || r.Everyone {
				return m.Store.Revoke(ctx, r)
			}
			for _, id := range r.Only {
				if s, _, err := m.Store.Get(ctx, id); err == nil {
					ended, _ := m.Store.Revoke(ctx, session.Revocation{UserID: s.UserID, Only: []session.ID{id}, Ending: r.Ending})
					done.IDs = append(done.IDs, ended.IDs...)
				}
			}
			done.Count = len(done.IDs)
			return done, nil
		}
	}},
	{"revoke all by one statement", "race create revoke-all", true, func(m *mutant) {
		// Under READ COMMITTED the statement does not see what is inserted
		// while it runs, and nothing else checks the generation.
		m.noGenerations()
		m.revoke = func(ctx context.Context, r session.Revocation) (session.Revoked, error) {
			if !r.All || r.Keep != nil {
				return m.Store.Revoke(ctx, r)
			}
			all, err := m.Store.List(ctx, session.Query{UserID: r.UserID})
			if err != nil {
				return session.Revoked{}, err
			}
			runtime.Gosched()
			for _, s := range all {
				r.Only = append(r.Only, s.ID)
			}
			r.All = false
			return m.Store.Revoke(ctx, r)
		}
	}},
	{"no generation check", "create under old generations", true, func(m *mutant) { m.noGenerations() }},
	{"get tells the session's generations", "get generations", false, func(m *mutant) {
		m.get = func(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
			s, _, err := m.Store.Get(ctx, id)
			if err != nil {
				return nil, session.Generations{}, err
			}
			return s, s.Generations, nil
		}
	}},
	{"named sessions are judged one by one", "race keep only", false, func(m *mutant) {
		m.revoke = func(ctx context.Context, r session.Revocation) (done session.Revoked, err error) {
			if r.All || r.Everyone {
				return m.Store.Revoke(ctx, r)
			}
			for _, id := range r.Only {
				one, err := m.Store.Revoke(ctx, session.Revocation{UserID: r.UserID, Only: []session.ID{id}, Ending: r.Ending})
				if err != nil {
					return done, err
				}
				done.IDs = append(done.IDs, one.IDs...)
				runtime.Gosched()
			}
			done.Count = len(done.IDs)
			return done, nil
		}
	}},
	{"get reads twice", "race keep get", false, func(m *mutant) {
		m.get = func(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
			s, _, err := m.Store.Get(ctx, id)
			if err != nil {
				return nil, session.Generations{}, err
			}
			runtime.Gosched()
			g, err := m.Store.Generation(ctx, s.UserID)
			return s, g, err
		}
	}},
	{"cache filled after delete", "race revoke", true, func(m *mutant) {
		type entry struct {
			s *session.Session
			g session.Generations
		}
		var cache sync.Map // of entry, by ID
		m.get = func(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
			if e, ok := cache.Load(id); ok && ctx.Err() == nil {
				return e.(entry).s, e.(entry).g, nil
			}
			s, g, err := m.Store.Get(ctx, id)
			if err == nil {
				runtime.Gosched()
				cache.Store(id, entry{s, g})
			}
			return s, g, err
		}
		forget := func() { cache.Clear() }
		m.changed = forget
	}},
	{"cache without a bound", "manager revokes", true, boundedCache(time.Hour)},
	{"expired rows are refused by the store", "reads no clock", false, func(m *mutant) {
		m.get = func(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
			s, g, err := m.Store.Get(ctx, id)
			if err == nil && s.ExpiresAt.Before(time.Now()) && s.ExpiresAt.Year() < 2000 {
				return nil, session.Generations{}, session.ErrUnknown
			}
			return s, g, err
		}
	}},
	{"touch goes backwards", "touch goes forward", false, func(m *mutant) {
		m.touch = func(ctx context.Context, touches []session.Touch) error {
			for _, t := range touches {
				m.edit(t.ID, func(s *session.Session) { s.Last = t.Visit })
			}
			return m.Store.Touch(ctx, touches)
		}
	}},
	{"touch writes the time alone", "touch the time", false, func(m *mutant) {
		m.touch = func(ctx context.Context, touches []session.Touch) error {
			touches = slices.Clone(touches)
			for i, t := range touches {
				if s, _, err := m.Store.Get(ctx, t.ID); err == nil && !t.Since.IsZero() {
					touches[i].Visit = s.Last
					touches[i].Visit.At = t.Visit.At
				}
			}
			return m.Store.Touch(ctx, touches)
		}
	}},
	{"update writes the visit back", "update keeps a touch", false, func(m *mutant) {
		m.update = func(ctx context.Context, s *session.Session) error {
			err := m.Store.Update(ctx, s)
			if err == nil {
				m.edit(s.ID, func(to *session.Session) { to.Last = s.Last })
			}
			return err
		}
	}},
	{"address kept when ended", "revoke drops addresses", false, func(m *mutant) {
		m.view = func(s *session.Session) {
			if s.Ended != nil {
				s.First.IP = netip.MustParseAddr("192.0.2.1")
			}
		}
	}},
	{"expired at the sweep", "purge expires", false, func(m *mutant) {
		m.view = func(s *session.Session) {
			if s.Ended != nil && s.Ended.Reason == session.ReasonExpired {
				s.Ended.At = s.Ended.At.Add(time.Minute)
			}
		}
	}},
	{"purge forgets foreign tokens", "remnants", false, func(m *mutant) {
		var created []session.ID
		m.create = func(ctx context.Context, s *session.Session) error {
			created = append(created, s.ID)
			return m.Store.Create(ctx, s)
		}
		m.purge = func(ctx context.Context, p session.Purge) (session.Purged, error) {
			done, err := m.Store.Purge(ctx, p)
			if err == nil && p.UserID == "" {
				_, err = m.Store.Purge(ctx, session.Purge{Remnants: created})
			}
			return done, err
		}
	}},
	{"retention a moment short", "purge deletes", false, func(m *mutant) {
		m.purge = func(ctx context.Context, p session.Purge) (session.Purged, error) {
			p.EndedBefore = p.EndedBefore.Add(time.Millisecond)
			return m.Store.Purge(ctx, p)
		}
	}},
	{"purge without limit", "purge within limit", false, func(m *mutant) {
		m.purge = func(ctx context.Context, p session.Purge) (session.Purged, error) {
			p.Limit = 1000
			return m.Store.Purge(ctx, p)
		}
	}},
	{"purge stops early", "purge within limit", false, func(m *mutant) {
		m.purge = func(ctx context.Context, p session.Purge) (session.Purged, error) {
			done, err := m.Store.Purge(ctx, p)
			done.More = false
			return done, err
		}
	}},
	{"erasure lets sign-ins finish", "erase beats sign-ins", true, func(m *mutant) {
		var erased sync.Map
		m.purge = func(ctx context.Context, p session.Purge) (session.Purged, error) {
			if p.UserID != "" {
				erased.Store(p.UserID, true)
			}
			return m.Store.Purge(ctx, p)
		}
		m.create = func(ctx context.Context, s *session.Session) error {
			if _, ok := erased.Load(s.UserID); ok {
				s = s.Clone()
				s.Generations, _ = m.Store.Generation(ctx, s.UserID)
			}
			return m.Store.Create(ctx, s)
		}
	}},
	{"some and not all", "revoke all or none", false, func(m *mutant) {
		m.revoke = func(ctx context.Context, r session.Revocation) (session.Revoked, error) {
			ids, err := m.Store.Revoke(ctx, r)
			if errors.Is(err, session.ErrConflict) {
				all, _ := m.Store.List(ctx, session.Query{UserID: r.UserID})
				for _, s := range all {
					if s.ID != r.Keep.ID {
						r.Only = append(r.Only, s.ID)
					}
				}
				r.All, r.Keep = false, nil
				_, _ = m.Store.Revoke(ctx, r)
			}
			return ids, err
		}
	}},
	{"revocation told twice", "race revoke revoke", false, func(m *mutant) {
		m.revoke = func(ctx context.Context, r session.Revocation) (session.Revoked, error) {
			ids, err := m.Store.Revoke(ctx, r)
			if err == nil && len(r.Only) > 0 && ids.Count == 0 {
				return session.Revoked{IDs: r.Only, Count: len(r.Only)}, nil
			}
			return ids, err
		}
	}},
	{"counter bumped by two", "revoke all", false, func(m *mutant) {
		m.revoke = func(ctx context.Context, r session.Revocation) (session.Revoked, error) {
			ids, err := m.Store.Revoke(ctx, r)
			if r.All && err == nil && r.Keep == nil {
				_, err = m.Store.Revoke(ctx, r)
			}
			return ids, err
		}
	}},
	{"snapshot changed in place", "snapshots do not change", false, func(m *mutant) {
		shared := make(map[session.ID]*session.Session)
		m.get = func(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
			s, g, err := m.Store.Get(ctx, id)
			if err == nil {
				m.mu.Lock()
				defer m.mu.Unlock()
				if shared[id] == nil {
					shared[id] = new(session.Session)
				}
				*shared[id] = *s
				s = shared[id]
			}
			return s, g, err
		}
		m.changed = func() {
			for id := range shared {
				_, _, _ = m.get(context.Background(), id)
			}
		}
	}},
	{"argument kept", "arguments are not kept", false, func(m *mutant) {
		m.create = func(ctx context.Context, s *session.Session) error {
			m.edit(s.ID, func(to *session.Session) { to.Name = s.Name })
			return m.Store.Create(ctx, s)
		}
	}},
	{"context not looked at", "cancelled context", false, func(m *mutant) {
		m.get = func(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
			return m.Store.Get(context.WithoutCancel(ctx), id)
		}
	}},
	{"cancelled is unknown", "cancelled context", false, func(m *mutant) {
		m.get = func(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
			s, g, err := m.Store.Get(ctx, id)
			if err != nil {
				err = session.ErrUnknown
			}
			return s, g, err
		}
	}},
	{"goroutine left", "no goroutine left", false, func(m *mutant) {
		never := make(chan struct{})
		m.changed = func() { go func() { <-never }() }
	}},
	{"field forgotten", "every field survives", false, func(m *mutant) {
		m.view = func(s *session.Session) { s.First.Device.AppVersion = "" }
	}},
	{"whole seconds", "times to the millisecond", false, func(m *mutant) {
		m.view = func(s *session.Session) { s.AuthenticatedAt = s.AuthenticatedAt.Truncate(time.Second) }
	}},
	{"zero time is 1970", "nothing survives as nothing", false, func(m *mutant) {
		m.view = func(s *session.Session) {
			if s.Secrets.SeenAt.IsZero() {
				s.Secrets.SeenAt = time.UnixMilli(0).UTC()
			}
		}
	}},
	{"address without zone", "addresses as they are", false, func(m *mutant) {
		m.view = func(s *session.Session) { s.Last.IP = s.Last.IP.WithZone("") }
	}},
	{"text trimmed", "text as it is", false, func(m *mutant) {
		m.view = func(s *session.Session) { s.Name = strings.TrimSpace(s.Name) }
	}},
	{"users by collation", "users are told apart", false, func(m *mutant) {
		m.list = func(ctx context.Context, q session.Query) ([]*session.Session, error) {
			q.UserID = strings.TrimSpace(q.UserID)
			return m.Store.List(ctx, q)
		}
	}},
	{"oldest first", "list order", false, func(m *mutant) {
		m.list = func(ctx context.Context, q session.Query) ([]*session.Session, error) {
			all, err := m.Store.List(ctx, q)
			slices.Reverse(all)
			return all, err
		}
	}},
	{"page overlaps", "list pages", false, func(m *mutant) {
		m.list = func(ctx context.Context, q session.Query) ([]*session.Session, error) {
			if q.After != nil {
				q.After = q.After.Clone()
				q.After.ID = session.ID{0: 0xff, 1: 0xff, 2: 0xff}
			}
			return m.Store.List(ctx, q)
		}
	}},
}
