package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
)

// An ID names a session for the whole of its life. It is no secret: it may be
// shown, linked and logged, and nothing is ever granted for knowing it. It is random
// (UUIDv4), and says nothing of when its user signed in.
type ID = uuid.UUID

const (
	secretLen = 32 // 256 bits; ASVS 5.0 7.2.3 asks for 128
	tokenLen  = len(ID{}) + secretLen

	// TokenPrefix is what a revealed token begins with. It is the version of the
	// wire form, and lets scanners find tokens that leaked.
	TokenPrefix = "sid1_"

	// TokenLen is the length in bytes of a revealed token.
	TokenLen = len(TokenPrefix) + tokenLen*4/3
)

var tokenEncoding = base64.RawURLEncoding.Strict()

const redacted = "[secret]"

// A Token is what a client holds to use a session: the session's ID and its
// secret. Whoever has it is signed in. It prints as "[secret]" everywhere;
// only [Token.Reveal] and [Token.Bytes] give the secret away. The zero Token
// is no token.
type Token struct {
	id ID
	// fmt does not ask the methods of an unexported field how to print it, and
	// for a verb that does not fit it follows a pointer, but never two.
	secret **[secretLen]byte
}

func tokenOf(id ID) Token {
	box := new(struct {
		secret [secretLen]byte
		p      *[secretLen]byte
	})
	box.p = &box.secret
	return Token{id: id, secret: &box.p}
}

// ID returns the session that the token belongs to.
func (t Token) ID() ID { return t.id }

// IsZero reports whether t is no token.
func (t Token) IsZero() bool { return t.secret == nil }

// Reveal returns the token as it is sent to its client, [TokenLen] bytes of
// URL-safe text. It is empty for the zero Token.
func (t Token) Reveal() string {
	if t.IsZero() {
		return ""
	}
	return TokenPrefix + tokenEncoding.EncodeToString(t.Bytes())
}

// Bytes returns the 48 bytes of the token, ID first, for a carrier that has an
// encoding of its own. They are nil for the zero Token.
func (t Token) Bytes() []byte {
	if t.IsZero() {
		return nil
	}
	return append(t.id[:], (*t.secret)[:]...)
}

// Credential returns what the token proves, without the secret.
func (t Token) Credential() Credential {
	if t.IsZero() {
		return Credential{}
	}
	return Credential{ID: t.id, Hash: sha256.Sum256((*t.secret)[:])}
}

// String returns "[secret]".
func (t Token) String() string { return redacted }

// GoString returns "[secret]".
func (t Token) GoString() string { return redacted }

// Format writes "[secret]", whatever the verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns "[secret]".
func (t Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[secret]", so that no encoder reveals the token.
func (t Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// ParseToken reads what [Token.Reveal] wrote. Anything else, however close, is
// [ErrMalformed].
func ParseToken(s string) (Token, error) {
	var raw [tokenLen]byte
	if !decodeToken(s, &raw) {
		return Token{}, ErrMalformed
	}
	return TokenFromBytes(raw[:])
}

// TokenFromBytes reads what [Token.Bytes] returned. Another length is
// [ErrMalformed].
func TokenFromBytes(b []byte) (Token, error) {
	if len(b) != tokenLen {
		return Token{}, ErrMalformed
	}
	t := tokenOf(ID(b[:len(ID{})]))
	copy((*t.secret)[:], b[len(ID{}):])
	return t, nil
}

// newToken makes a token for a session. crypto/rand does not fail: without
// randomness the program ends.
func newToken(id ID) Token {
	t := tokenOf(id)
	_, _ = rand.Read((*t.secret)[:])
	return t
}

// next derives the token that follows t in a periodic rotation. Whoever holds
// t and reads salt from the session gets the same one, so parallel requests
// and a retry after a lost answer agree.
func (t Token) next(salt Salt) Token {
	mac := hmac.New(sha256.New, (*t.secret)[:])
	mac.Write([]byte("signedin periodic rotation"))
	mac.Write(t.id[:])
	mac.Write(salt[:])
	n := tokenOf(t.id)
	mac.Sum((*n.secret)[:0])
	return n
}

func decodeToken(s string, raw *[tokenLen]byte) bool {
	if len(s) != TokenLen || s[:len(TokenPrefix)] != TokenPrefix {
		return false
	}
	n, err := tokenEncoding.Decode(raw[:], []byte(s[len(TokenPrefix):]))
	return err == nil && n == tokenLen
}

// A SecretHash is the SHA-256 of a token's secret, the only form in which a
// secret is ever stored. SHA-256 suffices because the secret is random and 256
// bits long (ASVS 5.0 6.5.2).
type SecretHash [sha256.Size]byte

// IsZero reports whether h is the hash of nothing.
func (h SecretHash) IsZero() bool { return h == SecretHash{} }

// A Salt makes each periodic rotation of a session derive another secret.
type Salt [16]byte

func newSalt() (s Salt) {
	_, _ = rand.Read(s[:])
	return s
}

// A Credential is what a request proves about itself: that it knows the secret
// with this hash. It is all that [Manager.Resume] needs, so a carrier can keep
// it in memory where it would not keep a [Token].
type Credential struct {
	ID    ID
	Hash  SecretHash
	Proof KeyProof // for a session that is bound
}

// ParseCredential reads the wire form of a token without keeping its secret.
// Anything but what [Token.Reveal] wrote is [ErrMalformed].
func ParseCredential(s string) (Credential, error) {
	var raw [tokenLen]byte
	if !decodeToken(s, &raw) {
		return Credential{}, ErrMalformed
	}
	c := Credential{Hash: sha256.Sum256(raw[len(ID{}):])}
	copy(c.ID[:], raw[:])
	return c, nil
}

// ForeignCredential is the credential of a token that another system issued.
// The session's ID is derived from the token's hash, so that the session is
// found by it; the token itself is not kept.
func ForeignCredential(token string) Credential {
	return foreignCredential(sha256.Sum256([]byte(token)))
}

func foreignCredential(h SecretHash) Credential {
	c := Credential{Hash: h}
	id := sha256.Sum256(append([]byte("signedin foreign id"), c.Hash[:]...))
	copy(c.ID[:], id[:])
	c.ID[6] = c.ID[6]&0x0f | 0x80 // version 8, RFC 9562: the layout is ours
	c.ID[8] = c.ID[8]&0x3f | 0x80
	return c
}

// isForeign reports whether id is of a foreign credential.
func isForeign(id ID) bool { return id.Version() == 8 }
