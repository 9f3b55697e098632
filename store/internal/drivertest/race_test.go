//go:build race

package drivertest_test

// The race detector looks for data races, and makes SQLite in Go 20 times
// slower; lost revocations are looked for without it.
const raceRounds = 100
