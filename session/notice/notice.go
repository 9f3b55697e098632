package notice

import (
	"context"
	"time"

	"github.com/signedin/signedin/session"
)

// A Notice is one e-mail, ready to be sent.
type Notice struct {
	// ID is the same when the same is told again, for a queue that must not
	// send twice.
	ID        string
	UserID    string
	SessionID session.ID // the session that it is about; zero if there is not the one
	Kind      Kind
	Class     Class
	Level     session.Level
	At        time.Time
	Reasons   []string // the codes of the signals that are told

	Subject string // one line
	Text    string // plain text, in lines of about 76 characters
	HTML    string // a whole page, without style, script or picture
	Lang    string // the language, as in HTML
}

// A Kind says what a [Notice] tells.
type Kind string

// The kinds.
const (
	KindSignIn          Kind = "sign-in"          // a sign-in with something new about it
	KindAlert           Kind = "alert"            // a sign-in that looks unlike the user
	KindMove            Kind = "move"             // a live session that was used in an unusual way
	KindReused          Kind = "reused"           // an old copy of a sign-in was used
	KindCopied          Kind = "copied"           // a copy of a sign-in was refused, since it is bound to its device
	KindPasswordChanged Kind = "password-changed" // and the other sessions ended
	KindDenied          Kind = "denied"           // the user said that a sign-in was not theirs
	KindMore            Kind = "more"             // there are more than are told one by one
)

// A Class says whether the user may turn a [Notice] off.
type Class string

// The classes.
const (
	ClassNotice Class = "notice" // the user may unsubscribe
	ClassAlert  Class = "alert"  // always sent
)

// Stats counts what a [Sender] did.
type Stats struct {
	Sent, Failed int64 // Failed: the function that sends returned an error
	Held         int64 // told already, or beyond what a user gets
	Watched      int64 // would have been sent, if the site were not in watch mode
}

// A sendFunc takes a Notice over, to be sent.
type sendFunc = func(context.Context, Notice) error
