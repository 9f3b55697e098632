// Package session knows who is signed in, on which device, from where, and
// ends it at once when told to.
//
// # A host needs these
//
// The rest of a host's work is in package middleware, which connects this one to
// net/http.
//
//   - [New] makes the [Manager], from a store and a [Config]; [Manager.Run] in a
//     goroutine does what no request does.
//   - [Manager.BeginSignIn], before the password is read, gives the [Ticket] with which
//     SignIn of middleware starts a session.
//   - [FromContext] gives a handler its [Session].
//   - [Manager.List] lists a user's sessions, and [Manager.Revoke] ends one of them.
//   - [Manager.RevokeAllExcept] ends the others. After a new password use RevokeOthers
//     of middleware, which also replaces the secret and the cookie of the one that stays.
//   - [Manager.RevokeAll] ends all: the password is forgotten, the account is closed.
//     Each is told the [Reason].
//   - [Manager.Export] and [Manager.Erase], when a user asks for their data, or leaves.
//   - An error that is [ErrRefused] says no for good: [ErrRevoked], [ErrExpired],
//     [ErrSuspended]. [ErrOutdated] says that a sign-in was overtaken. All others are
//     trouble, which signs nobody in and nobody out.
//
// Without package middleware it is:
//
//	manager, err := session.New(memstore.New(), session.Config{})
//	...
//	ticket, err := manager.BeginSignIn(ctx, userID) // before the password hash is read
//	...                                             // check the password
//	s, token, err := manager.Start(ctx, ticket, origin, session.StartOptions{})
//	...
//	s, err = manager.Resume(ctx, token.Credential(), origin)
//	...
//	n, err := manager.RevokeAllExcept(ctx, userID, s.ID, session.ReasonPasswordChanged)
//
// # Others need these
//
// Applications that keep their own sessions: [Adoption], with [Manager.Adopt],
// [Manager.Renewed] where they put a new token in the place of an old one,
// [Manager.Disown] once they refuse one, and [Manager.Move] where their users go over to
// ours. Package middleware calls most of it.
//
// Who is told what happened, or judges it: [Observer] and [Event]; [Assessor], [Case],
// [Visit], [Verdict], [Signal], [Learner].
//
// Authors of stores: [Store], and what it takes and returns: [Revocation], [Revoked],
// [Purge], [Purged], [Query], [Touch], [Found], [Generations], [Secrets]. What a store
// may have besides: [Profiles], [Issuers], [Scanner], [Handles], [Clock]. With
// transactions of the host's: [Hold], [Held], [AfterAnyCommit], [Pending]. Between processes:
// [Bus], [Message], [Hub].
//
// Authors of carriers other than cookies: [Token], [Credential], [Origin], [Conn],
// [Door], [Known], [Standing], and [Manager.Open] or [Manager.Resume].
//
// # What takes something away
//
// From least to most: [Manager.Disown] takes one token of another system's,
// [Manager.ForgetDevice] a known device of a user, [Manager.Purge] what is older than
// [Config].Retention, [Manager.Erase] everything about a user. Revoking takes nothing
// away: what has ended is history until it is purged.
//
// # What is promised
//
// When a revocation has returned nil, no request that starts afterwards is let
// in by the session, in any process, as long as the Store keeps what it
// acknowledged. Requests and connections that were open when it ended are cut
// ([Conn], [Hub]).
//
// Revoked is final. Nothing that is under way, a late visit, a rotation, a
// sign-in with the old password, makes a session live again.
//
// Trouble signs nobody in and nobody out: an error that is not [ErrRefused]
// says nothing about whether somebody is signed in.
//
// Idle and absolute limits are kept to within [Config].TouchInterval and the
// difference between the clocks of the processes. No revocation depends on a
// clock.
//
// # Doubt
//
// What the Assessor finds is told to the observers and kept with the session
// ([Session.Signals]); by itself it ends and refuses nothing, unless
// [Config].OnHigh says so. The user answers with [Manager.Confirm] and
// [Manager.Deny].
//
// # Time
//
// The Manager alone reads the clock ([Config].Now). Nothing runs in the
// background unless the caller starts [Manager.Run].
package session
