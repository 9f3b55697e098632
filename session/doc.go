// Package session knows who is signed in, on which device, from where, and
// ends it at once when told to.
//
// A [Manager] starts, resumes and revokes sessions. It keeps them in a
// [Store], asks an [Assessor] whether a [Visit] looks wrong, and tells each
// [Observer] what happened. Package middleware connects it to net/http; this
// package knows no transport.
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
// # Where to begin
//
// A host with cookies needs these, the rest of its work is in package middleware:
//
//   - [New] with a [Config], and [Manager.Run] in a goroutine
//   - [Manager.BeginSignIn], whose [Ticket] goes to SignIn of middleware
//   - [FromContext], which gives a handler its [Session]
//   - [Manager.List], and [Manager.Revoke] of one of what it lists
//   - [Manager.RevokeAll] (an account is closed, a password is forgotten) and
//     [Manager.RevokeAllExcept] (it is changed; in a handler use the method of
//     middleware of the same name, which also gives a new cookie), with a [Reason]
//   - [Manager.Export] and [Manager.Erase], when a user asks or leaves
//   - [ErrOutdated], [ErrRevoked] and [ErrExpired]; each of the last two is [ErrRefused]
//
// For authors of stores: [Store], [Secrets], [Generations], [Touch] and all that they
// are made of; of carriers other than cookies: [Credential], [Token], [Manager.Resume],
// [Conn], [Hub], [Manager.Adopt] with [Foreign]; of assessors: [Assessor], [Visit],
// [Signal].
//
// For applications with sessions of their own: [Foreign], [Manager.Renewed] where they
// renew their tokens, [Manager.Move] where their users go over to ours; all of it is
// used through package middleware.
//
// What takes something away, from least to most: [Manager.ForgetForeign] one foreign
// token that its issuer has refused, [Manager.ForgetDevice] a known device of a user,
// [Manager.Purge] what is older than Config.Retention, [Manager.Erase] all of a user.
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
