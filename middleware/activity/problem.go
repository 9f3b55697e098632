package activity

import (
	"errors"

	"github.com/signedin/signedin/session"
)

// told are the errors that programs are told of in the language of their user,
// with the names of the texts.
var told = []struct {
	err  error
	name string
}{
	{errNotJSON, "problem.not-json"},
	{errBody, "problem.bad-body"},
	{errCursor, "problem.bad-cursor"},
	{errForm, "problem.bad-form"},
	{errElsewhere, "problem.ended-here-only"},
	{session.ErrInvalidName, "wrong name"},
	{session.ErrNotOlder, "notice.not-older"},
	{session.ErrNotFound, "notice.gone"},
}

// problem returns err with what it says in the language of the user.
func (t words) problem(err error) error {
	for _, p := range told {
		if t.in != nil && errors.Is(err, p.err) {
			return inWords{err, t.say(p.name)}
		}
	}
	return err
}

// inWords is an error in other words.
type inWords struct {
	error
	text string
}

func (e inWords) Error() string { return e.text }
func (e inWords) Unwrap() error { return e.error }
