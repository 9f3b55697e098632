// Package browser drives the quickstart with real browsers: two profiles of
// Chromium, and an app with a bearer token. It is a module of its own, so that
// no importer sees what that takes.
//
//	go test -count=1 ./... # it builds the quickstart itself, which no cache knows
//
// Without Chromium the test is skipped, unless REQUIRE_SERVICES=1. With
// SCREENSHOTS=folder it leaves pictures of every page there.
package browser
