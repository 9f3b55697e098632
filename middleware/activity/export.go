package activity

import "github.com/signedin/signedin/session"

// JSON returns what the API says of s, for an answer of the host's own, such
// as to a sign-in. current is the session that asks, as it is now.
func JSON(s, current *session.Session) any { return words{now: current.Last.At}.encode(s, current) }
