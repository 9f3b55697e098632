package main

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
)

// mailbox counts what session/notice would have sent, by its own rules.
type mailbox struct {
	session.Store // List is all that a Sender calls
	sender        *notice.Sender
	sessions      map[string][]*session.Session // of a user, the latest last
	kinds         map[notice.Kind]int
	n             uint64
}

func newMailbox() (*mailbox, error) {
	b := &mailbox{sessions: map[string][]*session.Session{}, kinds: map[notice.Kind]int{}}
	var err error
	b.sender, err = notice.New(b, func(_ context.Context, n notice.Notice) error {
		b.kinds[n.Kind]++
		return nil
	}, notice.Config{})
	return b, err
}

func (b *mailbox) total() (n int) {
	for _, of := range b.kinds {
		n += of
	}
	return n
}

// What a Manager keeps by default, at most.
const (
	retention  = 28 * 24 * time.Hour
	maxPerUser = 100
)

// List implements [session.Store]: all are live.
func (b *mailbox) List(_ context.Context, q session.Query) ([]*session.Session, error) {
	if q.State == session.StateEnded {
		return nil, nil
	}
	return b.sessions[q.UserID], nil
}

// put keeps a session in the place of what it was.
func (b *mailbox) put(s *session.Session) {
	all := slices.DeleteFunc(b.sessions[s.UserID], func(o *session.Session) bool { return o.ID == s.ID || s.Last.At.Sub(o.Last.At) > retention })
	all = append(all, s)
	b.sessions[s.UserID] = all[max(0, len(all)-maxPerUser):]
}

func (b *mailbox) id() (id session.ID) {
	b.n++
	binary.BigEndian.PutUint64(id[8:], b.n)
	return id
}

// tell hands over what was found.
func (b *mailbox) tell(ctx context.Context, kind session.EventKind, s *session.Session, v session.Visit, found session.Verdict) {
	b.put(s)
	b.sender.Observe(ctx, session.Event{Kind: kind, At: v.At, UserID: s.UserID, IDs: []session.ID{s.ID}, Session: s, Visit: &v, Verdict: &found})
}

// find returns the session of a device, nil if it was not seen for as long as one
// is kept.
func (b *mailbox) find(user string, v session.Visit) *session.Session {
	for _, s := range slices.Backward(b.sessions[user]) {
		if s.Last.Device.Family() == v.Device.Family() && v.At.Sub(s.Last.At) <= retention {
			return s
		}
	}
	return nil
}
