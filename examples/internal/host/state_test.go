//go:build linux

package host_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/signedin/signedin/examples/internal/host"
)

// What holds who was signed out is in no directory that people clean, and for our eyes
// only.
func TestStateFile(t *testing.T) {
	home := t.TempDir()
	for name, c := range map[string]struct{ unit, state, home, want string }{
		"systemd":    {filepath.Join(home, "lib"), filepath.Join(home, "state"), home, "lib/x.db"},
		"XDG":        {"", filepath.Join(home, "state"), home, "state/signedin/x.db"},
		"no XDG":     {"", "relative", home, ".local/state/signedin/x.db"},
		"not at all": {"", "", "", ""},
	} {
		t.Setenv("STATE_DIRECTORY", c.unit)
		t.Setenv("XDG_STATE_HOME", c.state)
		t.Setenv("HOME", c.home)
		got, err := host.StateFile("x.db")
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: got %s", name, got)
			}
			continue
		}
		if err != nil || got != filepath.Join(home, c.want) {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, c.want)
			continue
		}
		if dir, err := os.Stat(filepath.Dir(got)); err != nil || dir.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", name, dir, err)
		}
	}
}
