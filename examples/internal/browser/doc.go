// Package browser drives the examples with real clients: the quickstart with
// two profiles of Chromium and an app with a bearer token; the proxy in front of
// a stand-in of Immich with Chromium, Immich's own SDK and command line, and
// socket.io's client. It is a module of its own, so that no importer sees what
// that takes.
//
//	go test -count=1 ./... # it builds the examples itself, which no cache knows
//
// Without Chromium the tests are skipped, and without npm the one of Immich,
// unless REQUIRE_SERVICES=1. npm installs what folder immich pins, into a
// temporary folder. With SCREENSHOTS=folder the tests leave pictures of every
// page there.
package browser
