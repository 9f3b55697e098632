// Package openid ends sessions when an OpenID provider does, and counts what the
// provider says of how and when a user signed in. It works with every provider
// that has OpenID Connect Discovery 1.0: Keycloak, Authentik, Zitadel.
//
//	provider, err := openid.New(ctx, mw, "https://id.example.com/realms/main", "photos", openid.Config{})
//	...
//	mux.Handle("/openid/logout", provider.BackChannelLogout())
//
// The sign-in itself is that of golang.org/x/oauth2: send the browser to
// [Provider.Endpoint] with the scope "openid", [Provider.MaxAge] and a nonce,
// exchange the code, and give the ID token to [Provider.SignIn]. The session
// then knows its provider, its limits count from when the provider has asked for
// a password, and the provider's sign-out ends it on every instance, with what
// it has open.
//
// # What ends what
//
// A logout token (OpenID Connect Back-Channel Logout 1.0) with a sid ends the
// sessions of that sign-in at the provider, and those of the subject of which no
// sid is known. One with a sub alone ends all of the subject's. Sign-ins that are
// under way end with [session.ErrOutdated]. A token that is delivered twice ends
// nothing more; one that is not in order is answered with 400 and ends nothing.
//
// # When something fails
//
// The provider's keys are fetched at most every ten seconds, and asked for anew
// every five minutes; if that fails the old ones count for a day. If the store
// fails, the answer is 400, as section 2.8 wants it, and nothing is remembered
// of the token: the provider may send it again.
package openid
