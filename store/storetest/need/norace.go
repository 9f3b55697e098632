//go:build !race

package need

// RaceDetector reports whether the tests run under it.
const RaceDetector = false
