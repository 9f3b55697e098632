package session

import "context"

// A Bus carries between the processes that share a [Store] what happened to
// sessions, so that each can forget its copies and cut what is open.
//
// It is an [Observer]: given to [Config].Observers it publishes. It never
// fails a revocation; what it could not publish the others learn by the end of
// their lease.
type Bus interface {
	Observer
	// Run calls receive, one call at a time, with everything that any process
	// publishes, until ctx is done. It calls it with an empty Notice at least
	// once a second while a message that was published would have arrived, and
	// with Missed before anything else, at the start and whenever messages may
	// have been lost. It reconnects by itself and returns only the error of ctx.
	Run(ctx context.Context, receive func(Notice)) error
}

// A Notice tells of sessions in another process. The empty Notice tells that
// the Bus works.
type Notice struct {
	Ended    []ID // revoked or expired: forget them and cut what is open
	Changed  []ID // rotated, renamed, authenticated anew, suspended, confirmed: forget copies
	Everyone bool // every session has ended
	Missed   bool // messages may have been lost: trust no copy
}

// NoticeOf returns what other processes have to know of e; ok is false if that
// is nothing.
func NoticeOf(e Event) (n Notice, ok bool) {
	switch e.Kind {
	case EventRevoked, EventExpired:
		n.Ended = e.IDs
		n.Everyone = e.UserID == ""
	case EventRotated, EventReauthenticated, EventRenamed, EventSuspended, EventConfirmed:
		n.Changed = e.IDs
	case EventMoved:
		if e.Session != nil && e.Session.Restriction != RestrictionNone {
			n.Changed = e.IDs
		}
	}
	return n, len(n.Ended)+len(n.Changed) > 0 || n.Everyone
}

// Receive cuts what is open in this process on the sessions that n tells of, and
// tells the [Watch] of each page that shows one.
// It is what [Bus].Run calls, unless a cache has to hear first.
func (h *Hub) Receive(n Notice) {
	defer h.watches.received(n)
	h.Cut(ErrRevoked, n.Ended...)
	if n.Everyone {
		h.CutAll(ErrRevoked)
	}
}
