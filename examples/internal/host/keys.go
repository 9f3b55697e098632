package host

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// keySize is the length of the key in the file.
const keySize = 32

// Keys are what cookies and profiles are sealed with, and habits hashed.
type Keys struct{ Cookie, Profile, Risk []byte }

// ReadKeys returns the keys, all derived from the one in file, which is made at
// the first start.
func ReadKeys(file string) (k Keys, err error) {
	root, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		if err = newKey(file); err == nil || errors.Is(err, os.ErrExist) {
			root, err = os.ReadFile(file)
		}
	}
	if err == nil && len(root) != keySize {
		err = fmt.Errorf("the key %s has %d bytes, not %d: delete it, and everybody signs in again", file, len(root), keySize)
	}
	for use, key := range map[string]*[]byte{"cookies": &k.Cookie, "profiles": &k.Profile, "risk": &k.Risk} {
		if err == nil {
			*key, err = hkdf.Key(sha256.New, root, nil, use, 32)
		}
	}
	return k, err
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
