// Package frameworks tries the middleware in other people's servers: that
// Require lets in and keeps out, that what is open is cut whatever its handler
// does, and that an answer which is written late keeps its status.
package frameworks
