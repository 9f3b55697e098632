// Package difftest compares the client address that middleware finds with the
// one that github.com/go-chi/chi/v5 finds. It is a module of its own so that
// nobody who uses signedin downloads chi.
package difftest
