package sqlstore

import "github.com/signedin/signedin/session"

// Record is a row for tests of what is stored, without a database.
type Record = row

// Decode is how a row is read.
func Decode(r *Record) (*session.Session, error) { return r.decode() }

// Encode is how a row is written.
func Encode(s *session.Session) Record { return encode(s) }
