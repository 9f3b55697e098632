package immich

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
)

const (
	// maxBirth bounds what is read of an answer that tells of a new session.
	// Real ones have some 300 bytes.
	maxBirth = 64 << 10
	// maxToken bounds a token. Real ones have 40 to 43 letters and digits.
	maxToken = 512
	// maxText bounds what is kept of a user.
	maxText = 1024
)

var (
	errBirthSize  = fmt.Errorf("immich: answer of a sign-in: longer than %d bytes", maxBirth)
	errBirthCoded = errors.New("immich: answer of a sign-in: encoded, and not by gzip")
)

// A birth is what an answer with status 201 tells of a session that Immich has
// just started.
type birth struct {
	Token string

	// Of a sign-in.
	UserID, Email string

	// Of a child, which a session makes for a screen that it casts to.
	SessionID            string // a UUID
	ExpiresAt            time.Time
	DeviceType, DeviceOS string
}

// isChild reports whether the session was made by another one.
func (b birth) isChild() bool { return b.SessionID != "" }

// readBirth returns the birth that res tells of, and leaves its body as if
// nobody had read it: what is read ahead, at most maxBirth bytes, is in memory.
// So our session can exist before the client knows its token.
//
// It reads plain JSON and gzip. The request that is sent to Immich had better
// ask for no encoding (Accept-Encoding: identity); any other is an error.
func readBirth(res *http.Response) (birth, error) {
	head, err := peek(res, maxBirth+1)
	switch {
	case err != nil:
		return birth{}, fmt.Errorf("immich: answer of a sign-in: %w", err)
	case len(head) > maxBirth:
		return birth{}, errBirthSize
	}
	switch res.Header.Get("Content-Encoding") {
	case "", "identity":
		return parseBirth(bytes.NewReader(head))
	case "gzip":
		plain, err := gzip.NewReader(bytes.NewReader(head))
		if err != nil {
			return birth{}, fmt.Errorf("immich: answer of a sign-in: %w", err)
		}
		return parseBirth(plain)
	}
	return birth{}, errBirthCoded
}

// peek returns up to n bytes of the body of res, which starts with them again.
// An error, which the body's next reader meets too, leaves fewer.
func peek(res *http.Response, n int64) ([]byte, error) {
	head, err := io.ReadAll(io.LimitReader(res.Body, n))
	rest := io.Reader(res.Body)
	if err != nil {
		rest = failing{err}
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), res.Body}
	return head, err
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// answer is the JSON of a sign-in and of a new child.
type answer struct {
	AccessToken string `json:"accessToken"`
	UserID      string `json:"userId"`
	UserEmail   string `json:"userEmail"`

	Token      string    `json:"token"`
	ID         string    `json:"id"`
	ExpiresAt  time.Time `json:"expiresAt"` // null and absent are the zero Time
	DeviceType string    `json:"deviceType"`
	DeviceOS   string    `json:"deviceOS"`
}

// parseBirth reads the JSON of a birth, at most maxBirth bytes of it.
func parseBirth(body io.Reader) (birth, error) {
	limited := &io.LimitedReader{R: body, N: maxBirth + 1}
	dec := json.NewDecoder(limited)
	var a answer
	err := dec.Decode(&a)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	switch {
	case limited.N <= 0:
		return birth{}, errBirthSize
	case err != nil:
		return birth{}, fmt.Errorf("immich: answer of a sign-in: %w", err)
	case a.AccessToken != "" && a.Token == "":
		return a.signIn()
	case a.Token != "" && a.AccessToken == "":
		return a.child()
	}
	return birth{}, errors.New("immich: answer of a sign-in: not one token")
}

func (a answer) signIn() (birth, error) {
	if err := checkToken(a.AccessToken); err != nil {
		return birth{}, err
	}
	if a.UserID == "" || len(a.UserID) > 255 || len(a.UserEmail) > maxText {
		return birth{}, errors.New("immich: answer of a sign-in: userId or userEmail missing or too long")
	}
	return birth{Token: a.AccessToken, UserID: a.UserID, Email: a.UserEmail}, nil
}

func (a answer) child() (birth, error) {
	if err := checkToken(a.Token); err != nil {
		return birth{}, err
	}
	id, err := uuid.Parse(a.ID) // it becomes part of a URL
	if err != nil {
		return birth{}, fmt.Errorf("immich: answer of a sign-in: id: %w", err)
	}
	return birth{Token: a.Token, SessionID: id.String(), ExpiresAt: a.ExpiresAt,
		DeviceType: a.DeviceType, DeviceOS: a.DeviceOS}, nil
}

// checkToken refuses what would be no token when it comes back.
func checkToken(t string) error {
	if len(t) > maxToken {
		return fmt.Errorf("immich: answer of a sign-in: token longer than %d bytes", maxToken)
	}
	if !isPlain(t) {
		return errors.New("immich: answer of a sign-in: token with a character that Immich's have not")
	}
	return nil
}
