package main

import (
	"crypto/rand"
	"os"
	"path/filepath"
)

// newKey writes 32 random bytes to file, which must not exist and is never seen
// half written.
func newKey(file string) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".key-*") // only we may read it
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	if _, err := tmp.Write(key); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Link(tmp.Name(), file) // fails if another process was first
}
