// Package notice writes the e-mails that tell people of sign-ins and of what
// looked unusual, as plain text and as simple HTML. The host sends them.
//
//	notices, err := notice.New(store, queue.Add, notice.Config{App: "Photos", Path: "Settings → Devices"})
//	...
//	manager, err := session.New(store, session.Config{
//		Assessor: assessor, ProfileKeys: keys, Observers: []session.Observer{notices},
//	})
//
// A [Sender] is a [session.Observer]: it is called when the store has
// acknowledged what it tells of, and the sign-in waits for it. So the function
// that it is given should put the [Notice] into a queue and return; an error of
// it is logged and counted, and the sign-in goes on.
//
// # What is told
//
//   - A sign-in at [session.LevelNotice]: something about it was new.
//   - A sign-in at [session.LevelAlert] or above: it was not like the user's.
//   - A move of a live session at [session.LevelAlert] or above.
//   - An old copy of a sign-in that was used ([session.EventReused]).
//   - A copy of a sign-in that was refused, since that is bound to its device
//     ([session.EventCopied]).
//   - A change of the password, if the other sessions were ended with
//     [session.ReasonPasswordChanged].
//   - A sign-in that the user said was not theirs ([KindDenied]).
//
// Nothing is told of a visit at [session.LevelNone].
//
// # How often
//
// What is told is a cause: a country, a provider, a kind of device. It is told once
// in seven days, of sign-ins and of moves, from whichever session, unless it looks
// worse than it did, or what was told was denied. All exits of VPNs are one cause.
// Beyond three
// notices in an hour or ten in two days a user gets one that says that there are
// more ([KindMore]); alerts are counted apart, so that nobody can use up a user's
// notices to have an alert kept back. What was told is read off the sessions in
// the store: it holds over restarts, and for all instances.
//
// A site in watch mode ([session.Config.WatchMode]) sends no notice of a sign-in or a
// move below [session.LevelHigh], but for a move that may be of a copied cookie;
// [Stats] counts them. All others are sent.
//
// # What the texts do not do
//
// No text has a link that signs anybody in, or a code, or asks for a password. A
// notice has at most the one link of [Config].URL, and an alert none, since it
// advises to follow none. What a client said of itself, such as the name of a
// phone, is made harmless: no address in it becomes a link.
package notice
