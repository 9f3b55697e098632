package session

import (
	"context"
	"time"
)

// A Store remembers sessions. It judges nothing: the [Manager] calls it,
// applications do not. Everything here is checked by storetest.Run, which
// every implementation must pass.
//
// A Store keeps what it is given: times in UTC to the millisecond, and text as
// it is, which is UTF-8 without U+0000. It never reads the clock. It is safe for
// concurrent use, and a session that it returns is never changed afterwards.
//
// A session is live in a Store while it has no [Ending] and its Generations
// are the current ones; whether it has expired, the Manager judges. Nothing
// makes a session live again: there is no write that replaces, and every write
// to a session has the condition that it is live at that moment.
//
// A counter that is bumped ends all sessions under it at once, however many
// they are. The Ending of that bump is kept with it, and Get, GetMany and List
// give it, without IP in the visits, for each session that has none of its own
// yet. [Store.Mark] writes it to the sessions afterwards, a part at a time.
//
// A method that returned nil has stored its effect for every later call of any
// method, from any process. A method that returned an error may or may not
// have; repeating it is safe. A cancelled context is an error, never a wrong
// answer.
type Store interface {
	// Create inserts a session. It returns ErrExists if there is one with that
	// ID, live or ended, and ErrOutdated if s.Generations are not the current
	// ones; in both cases nothing is stored.
	Create(ctx context.Context, s *Session) error

	// Get returns the session with that ID, live or ended, and the current
	// generations of its user, both as of one moment. It returns ErrUnknown if
	// there is none and ErrCorrupt if it cannot be decoded.
	Get(ctx context.Context, id ID) (*Session, Generations, error)

	// GetMany is Get for several: it returns those that there are, each once, in
	// any order. Sessions that cannot be decoded are left out; the others are
	// returned together with an error that is ErrCorrupt.
	GetMany(ctx context.Context, ids []ID) ([]Found, error)

	// List returns the sessions that q asks for. Sessions that cannot be
	// decoded are left out; the others are returned together with an error
	// that is ErrCorrupt.
	List(ctx context.Context, q Query) ([]*Session, error)

	// CountLive returns how many live sessions the user has. It may stop at
	// CountLimit.
	CountLive(ctx context.Context, userID string) (int, error)

	// Update writes s, whose Version is the one that was read, and stores it
	// with the next Version. It leaves what does not belong to it: UserID,
	// Carrier, First, Last, Generations. It returns ErrUnknown if there is
	// none, ErrEnded if the session is not live, and ErrConflict if the Version
	// is another, after which Get returns the stored one. Ended in s is not
	// looked at: [Store.Revoke] ends sessions.
	Update(ctx context.Context, s *Session) error

	// Touch writes the latest visit of each session. What is not live is left
	// alone, and so is a session whose stored Last.At is the same or later. It
	// does not change Version. A visit beside a revocation of All may be written
	// to what that ends. It does not keep touches, which are used again.
	Touch(ctx context.Context, touches []Touch) error

	// Revoke ends sessions, all of them or none, as r says. From an ended
	// session's visits it drops IP and keeps Network. What it does for All and
	// Everyone is one commit, and takes no longer for a user, or a table, with
	// many sessions.
	Revoke(ctx context.Context, r Revocation) (Revoked, error)

	// Mark writes the Ending of a revocation of All or Everyone to sessions that
	// it has ended and that have none of their own: to about limit of them, of
	// the user, or of all users if userID is empty. It reports whether there may
	// be more.
	Mark(ctx context.Context, userID string, limit int) (more bool, err error)

	// Generation returns the current generations for a user. For a user never
	// seen the user's counter is 0; reading it stores nothing.
	Generation(ctx context.Context, userID string) (Generations, error)

	// Purge does a bounded part of the clearing up that p asks for. A user's
	// counter may be forgotten, and so be 0 again, once the user has no session
	// and the counter was last bumped before p.EndedBefore and more than
	// MaxTicketAge before p.Now: a sign-in that began before that cannot end.
	Purge(ctx context.Context, p Purge) (Purged, error)
}

// A Query says which sessions of a user [Store.List] returns. Live sessions
// come by First.At, ended ones by Ended.At, both latest first and then by
// greater ID.
type Query struct {
	UserID string
	State  State
	Limit  int      // at most so many; 0 means all
	After  *Session // the last one of the page before; nil for the first page
	Oldest bool     // in the opposite order
}

// CountLimit is where a [Store] may stop counting sessions: of more, nobody
// needs to know how many.
const CountLimit = 10_000

// Found is a session as [Store.GetMany] returns it, and the current generations
// of its user.
type Found struct {
	Session     *Session
	Generations Generations
}

// A State selects sessions by whether they are over.
type State uint8

// The states.
const (
	StateLive  State = iota // no Ending, current Generations
	StateEnded              // has an Ending
)

// A Touch is the latest visit of a session.
type Touch struct {
	ID    ID
	Visit Visit
	// Since, unless it is zero, says that Visit differs only in At from the visit
	// of that time. A Store whose Last.At is Since may then write At alone; one
	// whose Last.At is another writes all of Visit.
	Since time.Time
}

// A Revocation says which sessions end. Exactly one of Only, All and Everyone
// is set.
type Revocation struct {
	UserID string // the owner; part of every revocation but Everyone
	Ending Ending

	// Only names sessions. Those that are not live or not UserID's are passed
	// over, and so may be one that is only being created.
	Only []ID

	// All ends every live session of UserID: it bumps the user's counter by one
	// and keeps Ending with it, until every session below has one of its own.
	All bool
	// Keep, with All, is the one session that stays, moved to the new
	// generation and written as by Update, in the same commit. If it cannot be,
	// Revoke does nothing and returns what Update would have returned, with
	// ErrUnknown for a session that is not UserID's.
	Keep *Session

	// Everyone ends every live session of all users: it bumps the global counter
	// by one and keeps Ending with it, as All does.
	Everyone bool
}

// Revoked is what a [Store] ended.
type Revoked struct {
	// IDs are, for Only, the sessions that were live until now, in any order.
	IDs []ID
	// Count is how many sessions that was; for All it may stop at CountLimit, and
	// what ends or begins at the same time may be in it or not. It is 0 for
	// Everyone.
	Count int
	// Generations has, for All, the user's new counter, and for Everyone the
	// global one: what was under a smaller one is over. The other one is 0.
	Generations Generations
}

// A Purge asks a [Store] to clear up.
type Purge struct {
	// Now is the moment by which live sessions have expired: ExpiresAt, or
	// Last.At + IdleTimeout, is not after it. They are ended with
	// ReasonExpired, By "system", at the moment they expired.
	Now time.Time
	// EndedBefore bounds what is deleted: sessions with an earlier Ended.At. In
	// the place of one of CarrierForeign whose ExpiresAt is after Now, its
	// Remnant stays ([Session.Remnant]), until it is named in Remnants, and at
	// least until its own Ended.At is before EndedBefore.
	EndedBefore time.Time
	// Limit bounds how many sessions are ended and how many are deleted by one
	// call.
	Limit int

	// UserID, if set, asks for something else: the user's counter is bumped at
	// Now, so that no sign-in that began earlier can be finished, and every
	// session of this user is deleted, whatever its state: at most Limit of them
	// by one call, unless that is 0.
	UserID string

	// Remnants, if set, asks for something else: what stays of these sessions is
	// deleted. Sessions that are none of those are left alone.
	Remnants []ID
}

// Purged is what a [Store] cleared up.
type Purged struct {
	Expired []Owned // sessions ended now
	Deleted int     // sessions deleted, or reduced to a Remnant
	More    bool    // the limit was reached: there may be more
}

// An Owned is the ID of a session, and whose it is.
type Owned struct {
	ID     ID
	UserID string
}
