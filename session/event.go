package session

import (
	"context"
	"time"
)

// An Observer is told what happened, once the store has acknowledged it and
// before the method that did it returns. It must be safe for concurrent use,
// and should be quick: the caller waits.
type Observer interface {
	Observe(ctx context.Context, e Event)
}

// ObserverFunc lets a function be an [Observer].
type ObserverFunc func(ctx context.Context, e Event)

// Observe calls f.
func (f ObserverFunc) Observe(ctx context.Context, e Event) { f(ctx, e) }

// An Event is something that happened to sessions of one user, or of all users
// if UserID is empty, but for EventTossed.
type Event struct {
	Kind   EventKind
	At     time.Time
	UserID string
	IDs    []ID // the sessions it happened to; none if All, or of all users

	// For EventRevoked: whether all of the user's sessions were ended but Keep,
	// which is zero if none was kept; and the counter that ended them, as
	// Revoked.Generations.
	All         bool
	Keep        ID
	Generations Generations
	Count       int // how many sessions ended, as far as that was counted

	Session *Session // the one session, where there is one and it was at hand
	Ending  *Ending  // why, for EventRevoked, EventRepeated and EventExpired
	Visit   *Visit   // the visit, for EventStarted, EventMoved, EventReused, EventCopied and EventTossed
	Verdict *Verdict // what the Assessor found, if it found anything
	Watched bool     // the site is in watch mode ([Config.WatchMode])
}

// An EventKind says what happened.
type EventKind string

// The kinds of event.
const (
	EventStarted         EventKind = "started"
	EventAdopted         EventKind = "adopted" // a foreign token was found in use; nobody signed in just now
	EventRevoked         EventKind = "revoked"
	EventRepeated        EventKind = "repeated" // revoked once more: the first time may have told nobody
	EventExpired         EventKind = "expired"
	EventReauthenticated EventKind = "reauthenticated"
	EventRotated         EventKind = "rotated"
	EventRenamed         EventKind = "renamed"
	EventMoved           EventKind = "moved"     // seen on another network, or used by another device
	EventReused          EventKind = "reused"    // a secret came that had been replaced; told once a day of a session
	EventBound           EventKind = "bound"     // bound to a key of its device
	EventCopied          EventKind = "copied"    // a copy of a bound session's cookie was refused; told once a day of a session
	EventTossed          EventKind = "tossed"    // two cookies of one name came, so neither counts; of whom, is not known
	EventSuspended       EventKind = "suspended" // until the user has proved again who they are
	EventConfirmed       EventKind = "confirmed" // "this was me"
	EventDenied          EventKind = "denied"    // "this wasn't me": ask for a new password
	EventErased          EventKind = "erased"
)
