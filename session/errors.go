package session

import "errors"

// ErrRefused is what every definite "no" to a credential is under
// [errors.Is]: the client is not signed in, and asking again will not help. An
// error that is not ErrRefused is trouble of our own: it signs nobody in and
// nobody out.
var ErrRefused = errors.New("session: refused")

// The ways in which a credential is refused. Each is also [ErrRefused].
var (
	ErrMalformed error = refusal("session: malformed token")
	ErrUnknown   error = refusal("session: no such session")
	ErrForged    error = refusal("session: wrong secret")
	ErrReused    error = refusal("session: secret was replaced")
	ErrRevoked   error = refusal("session: revoked")
	ErrExpired   error = refusal("session: expired")
	ErrDisabled  error = refusal("session: user is disabled")
	ErrSuspended error = refusal("session: suspended until the user proves who they are")
	// ErrUnbound comes for a session that is bound to a key ([Manager.Bind]), of which
	// there is no recent proof. The session goes on: a client that has the key
	// proves it, and asks again.
	ErrUnbound error = refusal("session: bound to a device, of which there is no recent proof")
)

// An EndedError is [ErrRevoked] or [ErrExpired] for somebody who has shown a secret of
// the session that is over, and may be told why: "the password was changed". It says
// nothing of whose session it was, nor from where it was ended. [Manager.OpenDoor]
// returns it.
type EndedError struct {
	Err    error  // ErrRevoked or ErrExpired
	Reason Reason // empty if it is not known
}

// Error is that of Err.
func (e *EndedError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *EndedError) Unwrap() error { return e.Err }

// withReason returns err, for which s is over, with the reason.
func withReason(s *Session, err error) error {
	switch {
	case err == ErrExpired:
		return &EndedError{err, ReasonExpired}
	case err == ErrRevoked && s.Ended != nil:
		return &EndedError{err, s.Ended.Reason}
	}
	return err
}

// plain returns err without what only [Manager.OpenDoor] tells, so that it can be
// compared.
func plain(err error) error {
	switch e := err.(type) {
	case *EndedError:
		return e.Err
	case statusError:
		return e.error
	}
	return err
}

type statusError struct{ error }

func (e statusError) Unwrap() error        { return e.error }
func (e statusError) Is(target error) bool { return target == ErrUserStatus }

type refusal string

func (r refusal) Error() string        { return string(r) }
func (r refusal) Is(target error) bool { return target == ErrRefused }

// Errors that callers branch on.
var (
	// ErrNotFound means that the user has no such live session. A session of
	// somebody else, one that never was and one that is over give the same.
	ErrNotFound = errors.New("session: not found")
	// ErrOutdated means that all of the user's sessions were revoked between
	// [Manager.BeginSignIn] and [Manager.Start]: what the user proved may no
	// longer hold, so they have to sign in again.
	ErrOutdated = errors.New("session: sign-in overtaken by a revocation")
	// ErrNotOlder means that the session in which an answer is given may not give
	// it: it is in question itself, or not older than what is asked about.
	ErrNotOlder = errors.New("session: not for this session to say")
	// ErrInvalidName means that a session was given a name that cannot be
	// shown.
	ErrInvalidName = errors.New("session: invalid name")
	// ErrBound means that a session is bound to another key already: only a new
	// sign-in gets another one.
	ErrBound = errors.New("session: bound to another key already")
	// ErrForeign means that the session's token was issued by another system,
	// so only that system can replace it.
	ErrForeign = errors.New("session: token was issued elsewhere")
	// ErrNotProved means that the user has not proved who they are for this
	// action, or that the proof was used already, or is older than [Limits].StepUp.
	ErrNotProved = errors.New("session: no proof for this action")
	// ErrIssuedMismatch is returned by [Manager.RevokeIssued] for a sign-out whose
	// Subject and SID are different users'.
	ErrIssuedMismatch = errors.New("session: the subject and the session ID are different users'")
	// ErrUserStatus is, for [errors.Is], an error of [Config].UserStatus that
	// [Manager.OpenDoor] returns, unless that is [ErrDisabled].
	ErrUserStatus = errors.New("session: UserStatus")
)

// Errors by which a [Store] answers.
var (
	// ErrEnded means that the session is no longer live, so it cannot be
	// changed.
	ErrEnded = errors.New("session: ended")
	// ErrConflict means that the session was changed since it was read.
	ErrConflict = errors.New("session: changed meanwhile")
	// ErrExists means that there is a session with that ID already.
	ErrExists = errors.New("session: exists already")
	// ErrCorrupt means that a stored session cannot be decoded. It is refused
	// like an unknown one; others are not affected.
	ErrCorrupt = errors.New("session: stored session cannot be decoded")
)
