// Package providers signs in at whole OpenID providers, which others have
// written, with the program in examples/openid, and out again. It has a go.mod of
// its own since it needs one of them.
package providers
