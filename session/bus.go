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
	// publishes, until ctx is done. It calls it with an empty Message at least
	// once a second while a message that was published would have arrived, and
	// with Missed before anything else, at the start and whenever messages may
	// have been lost. It reconnects by itself and returns only the error of ctx.
	Run(ctx context.Context, receive func(Message)) error
}

// A Message tells of sessions in another process. The empty Message tells that
// the Bus works. It is a hint: what it says is looked up in the store before
// anybody is cut, so who may send one can do no more than cost reads.
type Message struct {
	Ended    []ID // revoked or expired: forget them and cut what is open
	Changed  []ID // rotated, renamed, authenticated anew, suspended, confirmed: forget copies
	Everyone bool // every session has ended
	Missed   bool // messages may have been lost: trust no copy

	// UserID, if set, says that all of this user's sessions have ended but Keep,
	// which has changed, or none if that is zero.
	UserID string
	Keep   ID
	// Generations are for UserID and Everyone: what is not under a smaller
	// counter began later, and goes on. Zero if not known.
	Generations Generations
}

// IsZero reports whether n is the empty Message.
func (n Message) IsZero() bool {
	return len(n.Ended) == 0 && len(n.Changed) == 0 && !n.Everyone && !n.Missed && n.UserID == ""
}

// Message returns what other processes have to know of e; ok is false if that is
// nothing.
func (e Event) Message() (n Message, ok bool) {
	switch e.Kind {
	case EventRevoked, EventExpired:
		n.Ended = e.IDs
		n.Everyone = e.UserID == ""
		n.Generations = e.Generations
		if e.All {
			n.UserID, n.Keep = e.UserID, e.Keep
		}
	case EventRepeated:
		n.Ended = e.IDs
	case EventErased:
		n.UserID, n.Generations = e.UserID, e.Generations
	case EventRotated, EventReauthenticated, EventRenamed, EventSuspended, EventConfirmed:
		n.Changed = e.IDs
	case EventMoved:
		if e.Session != nil && e.Session.Restriction != RestrictionNone {
			n.Changed = e.IDs
		}
	}
	return n, !n.IsZero()
}
