package demo

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const keySize = 32

// Keys returns the keys that seal cookies and profiles, both derived from the
// one in file, which is made at the first start.
func Keys(file string) (cookie, profile []byte, err error) {
	root, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if err = newKey(file); err == nil || errors.Is(err, os.ErrExist) {
			root, err = os.ReadFile(file)
		}
	}
	if err == nil && len(root) != keySize {
		err = fmt.Errorf("the key %s has %d bytes, not %d: delete it, and everybody signs in again", file, len(root), keySize)
	}
	if err == nil {
		cookie, err = hkdf.Key(sha256.New, root, nil, "cookies", 32)
	}
	if err == nil {
		profile, err = hkdf.Key(sha256.New, root, nil, "profiles", 32)
	}
	return cookie, profile, err
}

// newKey writes 32 random bytes to file, which must not exist and is never seen
// half written.
func newKey(file string) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".key-*") // only we may read it
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	key := make([]byte, keySize)
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
