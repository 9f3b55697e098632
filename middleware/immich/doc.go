// Package immich is a reverse proxy in front of Immich, whose sessions become
// ours: each browser and phone that is signed in to Immich is in the list of
// devices, with its place and latest activity, and signing it out takes effect
// at once, open connections included. The web client and the app stay as they
// are.
//
//	proxy, err := immich.New(manager, target, immich.Config{})
//	...
//	devices, err := activity.New(proxy.Middleware(), activity.Config{Path: "/devices", Ended: proxy.Ended})
//	...
//	mux.Handle("/devices/", devices) // signed in by the Immich session itself
//	mux.Handle("/", proxy)
//
// A session is seen when it is born, in the answer of Immich to a sign-in, and
// otherwise when its token is first used: then Immich is asked whose it is. Of a
// token nothing is stored but its hash.
//
// # What is promised
//
// Requests and answers pass unchanged, but for the X-Forwarded headers and for
// credentials that Immich must not see. Nothing is buffered and nothing is
// limited: uploads, downloads with Range, streams and WebSockets pass as they
// are.
//
// When a session was ended here, its token does not reach Immich any more:
// Immich answers the request as one without a credential, by its own 401 or by
// a public page. A WebSocket of socket.io is told by Immich's own event, so
// that the web client goes to its sign-in page; an upload that is cut is
// answered by 401.
//
// What Immich ended itself, ends here too: at the answer that says so, or when a
// look at Immich's own list of the user's sessions does not find it. There is one each
// time that the user opens a page of ours, at their sign-in, and by their requests
// every ten minutes. A token that Immich refuses is cut and no more: a user who was
// deleted and is restored is let in again.
//
// Where Immich leaves a user's other sessions after a new password, by the app or by
// an administrator, they end here, and there as soon as that is possible.
//
// Of a request that shows more than one credential of a session, only the one
// that decides is passed on. So nothing hides behind what was judged.
//
// If the store fails, requests with a token are answered by 503, never by 401,
// and no cookie is touched. See Config.InsecurePassOnTrouble.
//
// # What is not promised
//
// API keys and shared links are no sessions: they pass, and ending a session
// ends no API key that was made in it. Who reaches Immich by another way than
// this proxy is kept out only once Immich knows as well, which [Proxy.Ended]
// sees to for what users end on the page. What ended here in another way is signed
// out in Immich when its own token comes by, or one of its user's others; what is
// left is in [Proxy.Comparison]. What was ended in Immich past this proxy is refused
// from its next request on; a WebSocket of it that is open goes on until then, or
// until [Proxy.Recheck].
package immich
