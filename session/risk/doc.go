// Package risk is a [session.Assessor] of rules that can be explained: it tells
// a sign-in, or a move of a live session, that looks unlike its user, and says
// why in plain words.
//
//	assessor, err := risk.New(risk.Config{Key: key})
//	...
//	manager, err := session.New(store, session.Config{Assessor: assessor, ProfileKeys: keys})
//
// What it knows of a user is a profile of at most 1,280 bytes, which the
// Manager keeps sealed: hashes of the networks, providers and devices of late,
// coarse places, the hours of the day. Nothing in it is about anyone else.
// Without profiles every user is a stranger: no sign-in looks wrong, and of a
// move only what differs from the session's last visit.
//
// A visit is judged by adding points, each ten times the natural logarithm of
// how much likelier the evidence is of a stranger than of the user.
// [Assessor.Explain] gives the sum line by line.
//
//   - From -3 points on, or if its kind of device is new, a sign-in is
//     [session.LevelNotice]; a move from 10 points on.
//   - From 20 points on, it is [session.LevelAlert] (see [Preset]); but the
//     device of a sign-in, and what is not known, never make an alert alone.
//   - From 40 points on, it is [session.LevelHigh]; a move only if two signs speak
//     against it that do not come from each other, such as a country and a device.
//
// What is not known of a visit (the kind of its network, its provider, its city,
// its device) makes it look no worse than an ordinary value that was not seen yet.
// A move that is unusual only for where it comes from is an alert once in seven
// days for each country, from whichever session, and twice in thirty days at most.
//
// The first sign-in of a user of whom nothing else is known is never judged, and the next few are judged with more
// patience. What looks wrong is not learnt for seven days, and neither is what its
// session does from then on, unless a second factor proved it at once, or the user
// says that it was them ([Assessor.Learn]). What the user says was not them is forgotten, and its
// device and network are suspect for 90 days. How well this works on synthetic
// people, and against whom, is in the README of internal/eval.
//
// An Assessor reads no clock but [session.Visit].At: the same visits in the same
// order give the same answers. It is safe for concurrent use.
package risk
