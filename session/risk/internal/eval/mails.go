package main

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
)

// mails counts what session/notice would have sent, by its own rules.
type mails struct {
	sender *notice.Sender
	store  mailStore
	kinds  map[notice.Kind]int
	of     map[string]int // a user
}

func newMails() (*mails, error) {
	m := &mails{store: mailStore{all: map[string][]*session.Session{}}, kinds: map[notice.Kind]int{}, of: map[string]int{}}
	var err error
	m.sender, err = notice.New(&m.store, func(_ context.Context, n notice.Notice) error {
		m.kinds[n.Kind]++
		m.of[n.UserID]++
		return nil
	}, notice.Config{})
	return m, err
}

func (m *mails) total() (n int) {
	for _, of := range m.kinds {
		n += of
	}
	return n
}

// observe hands an event over once the store has the session.
func (m *mails) observe(kind session.EventKind, s *session.Session, v *session.Visit, verdict session.Verdict) {
	m.store.put(s)
	m.sender.Observe(context.Background(), session.Event{
		Kind: kind, At: v.At, UserID: s.UserID, IDs: []session.ID{s.ID}, Session: s, Visit: v, Verdict: &verdict,
	})
}

// retention is what a Manager keeps of sessions that are over, by default.
const retention = 28 * 24 * time.Hour

// mailStore has what a Sender reads.
type mailStore struct {
	session.Store
	all map[string][]*session.Session
}

func (s *mailStore) put(x *session.Session) {
	all := slices.DeleteFunc(s.all[x.UserID], func(o *session.Session) bool {
		return o.ID == x.ID || o.Ended != nil && x.Last.At.Sub(o.Ended.At) > retention
	})
	s.all[x.UserID] = append(all, x)
}

func (s *mailStore) List(_ context.Context, q session.Query) (found []*session.Session, _ error) {
	for _, x := range s.all[q.UserID] {
		if (x.Ended != nil) == (q.State == session.StateEnded) {
			found = append(found, x)
		}
	}
	return found, nil
}

func sessionID(sid int) (id session.ID) {
	binary.BigEndian.PutUint64(id[8:], uint64(sid))
	return id
}
