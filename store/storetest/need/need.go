// Package need is for the tests of this module only: what a test asks of the
// machine beside Go, and whether it runs at all.
//
//	go test ./...                  the light tests: nothing but Go, little time
//	SIGNEDIN_HEAVY=1 go test ./... heavy tests as well; a program that is missing skips its tests
//	REQUIRE_SERVICES=1 ...         the same, but what is missing fails them; .ci/run sets it
//
// A test asks here first, before it looks up an account, makes a directory or
// starts anything.
package need

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// IsHeavy reports whether heavy tests run: those with servers, browsers, kills,
// full disks, long races, and all else that takes a second or more of CPU time.
func IsHeavy() bool { return os.Getenv("SIGNEDIN_HEAVY") != "" || isRequired() }

// isRequired reports whether what is missing fails a test.
func isRequired() bool { return os.Getenv("REQUIRE_SERVICES") == "1" }

// Heavy skips the test but where heavy tests run.
func Heavy(t testing.TB) {
	t.Helper()
	if !IsHeavy() {
		t.Skip("SKIPPED: heavy; SIGNEDIN_HEAVY=1 runs it")
	}
}

// Program returns where a program is, by its name on the PATH or else in one of
// some places (patterns of [filepath.Glob], the last match). What it is for is
// heavy, so light runs skip the test even where the program is.
func Program(t testing.TB, name string, places ...string) string {
	t.Helper()
	Heavy(t)
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, place := range places {
		if found, _ := filepath.Glob(filepath.Join(place, name)); len(found) > 0 {
			return slices.Max(found)
		}
	}
	Missing(t, name+" is not installed")
	return ""
}

// Server returns how to reach a server that was started for the tests, from the
// environment variable env.
func Server(t testing.TB, env string) string {
	t.Helper()
	where := os.Getenv(env)
	if where == "" {
		Missing(t, "needs a server; set "+env)
	}
	return where
}

// Missing skips the test, or fails it where that is not allowed.
func Missing(t testing.TB, what string) {
	t.Helper()
	if isRequired() {
		t.Fatalf("%s, and REQUIRE_SERVICES=1", what)
	}
	t.Skipf("SKIPPED: %s", what)
}

// Allocations is [testing.AllocsPerRun], and 0 under the race detector, which
// has a [sync.Pool] forget at random.
func Allocations(f func()) float64 {
	n := testing.AllocsPerRun(100, f)
	if RaceDetector {
		return 0
	}
	return n
}
