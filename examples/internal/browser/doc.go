// Package browser drives the examples with real clients: the quickstart with
// Chromium, with Firefox by WebDriver BiDi, with WebKitGTK by WebDriver, and an app
// with a bearer token; a site in htmx and in Turbo; the proxy in front of a stand-in
// of Immich with Chromium, Immich's own SDK and command line, and socket.io's
// client. axe-core looks at every state of the page. It is a module of its own, so
// that no importer sees what that takes.
//
//	SIGNEDIN_HEAVY=1 go test -count=1 ./... # it builds the examples itself, which no cache knows
//
// Tests whose browser or npm is missing are skipped, or with REQUIRE_SERVICES=1
// they fail, but for that of WebKit, which says so. npm installs what folders web
// and immich pin, into a temporary folder. With SCREENSHOTS=folder the tests leave
// pictures of every page there.
package browser
