package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// StateFile returns where a file of that name goes that the user did not place: where
// systemd says, as StateDirectory= of a unit, else in the folder signedin of the user's
// directory for state (XDG Base Directory Specification 0.8), or on Windows and macOS
// for settings. It is none that people clean: who was signed out is in the file.
func StateFile(name string) (string, error) {
	dir := os.Getenv("STATE_DIRECTORY")
	if dir == "" {
		var err error
		if dir, err = stateHome(); err != nil {
			return "", fmt.Errorf("no directory for state (%w); name a file", err)
		}
		dir = filepath.Join(dir, "signedin")
	}
	return filepath.Join(dir, name), os.MkdirAll(dir, 0o700)
}

func stateHome() (string, error) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return os.UserConfigDir()
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state"), err
}
