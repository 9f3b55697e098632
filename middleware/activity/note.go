package activity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/signedin/signedin/session"
)

// A note is what the browser brings back once, sealed, in a cookie of
// [middleware.Middleware.SendNote]: what was done, to be said on the page after
// it, or an intent, to be done once the user has proved who they are.
type note struct {
	Code  string     `json:"c,omitempty"` // what to say: one of the texts "notice."
	Act   *act       `json:"a,omitempty"` // or what to do
	ID    session.ID `json:"i,omitzero"`  // the session that Code is about
	Count int        `json:"n,omitempty"` // or how many
	At    int64      `json:"t"`           // milliseconds since 1970
	By    session.ID `json:"s,omitzero"`  // the session that it was made in; zero if that had ended
	Nonce string     `json:"r,omitempty"` // of an intent, which is good once
}

// A note is said, and an intent is asked about, for noteLife; without a question
// it is done for intentLife.
const (
	noteLife   = 10 * time.Minute
	intentLife = time.Minute
)

// send seals n and has the browser bring it back. The key is made of the secret
// of the session that it was made in, so every instance can open it, and no
// other session can; of a session that has ended, of a key of the Handler.
func (h *Handler) send(w http.ResponseWriter, r *http.Request, me *session.Session, n note) {
	key := h.noteKey.Reveal()[0]
	if n.At = h.manager.Now().UnixMilli(); me != nil {
		n.By, key = me.ID, secretKey(me.Secrets.Current)
	}
	plain, err := json.Marshal(n)
	if err != nil {
		panic(err) // IDs, numbers and text
	}
	h.mw.SendNote(w, r, base64.RawURLEncoding.EncodeToString(cipherFor("note", key).Seal(nil, nil, plain, nil)))
}

// open returns the note that the browser has brought, if it was made for this
// session, or was made when its user had none yet.
func (h *Handler) open(r *http.Request, me *session.Session) (n note, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(h.mw.ReadNote(r))
	if err != nil || len(sealed) == 0 {
		return n, false
	}
	keys := slices.Clone(h.noteKey.Reveal())
	for _, secret := range []session.SecretHash{me.Secrets.Current, me.Secrets.Previous, me.Secrets.Older} {
		if !secret.IsZero() { // the one before, since a new proof replaces it
			keys = append(keys, secretKey(secret))
		}
	}
	for _, key := range keys {
		plain, err := cipherFor("note", key).Open(nil, nil, sealed, nil)
		if err != nil || json.Unmarshal(plain, &n) != nil {
			continue
		}
		if n.By != (session.ID{}) && n.By != me.ID || n.By == (session.ID{}) && me.First.At.UnixMilli() < n.At {
			return note{}, false
		}
		return n, h.age(n) < noteLife
	}
	return note{}, false
}

func (h *Handler) age(n note) time.Duration {
	return h.manager.Now().Sub(time.UnixMilli(n.At))
}

func secretKey(secret session.SecretHash) []byte { return secret[:] }

// newNoteKey derives the key from that of the links, which several instances
// share, or makes one.
func newNoteKey(linkKeys session.Keys) session.Keys {
	if !linkKeys.IsZero() {
		return linkKeys
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return session.NewKeys(key)
}

// cipherFor derives from a key of the host one that is for this purpose only.
func cipherFor(purpose string, key []byte) cipher.AEAD {
	derived, err := hkdf.Key(sha256.New, key, nil, "signedin activity "+purpose, 32)
	if err != nil {
		panic(err) // the length is right
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic(err) // the length is right
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // the block size is right
	}
	return aead
}

// used are the intents that were taken up in the last minute: each is good once.
type used struct {
	mu  sync.Mutex
	all map[string]time.Time
}

// take reports whether the nonce is fresh, and uses it up.
func (u *used) take(nonce string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for n, at := range u.all {
		if now.Sub(at) > intentLife {
			delete(u.all, n)
		}
	}
	if _, there := u.all[nonce]; there || nonce == "" {
		return false
	}
	if u.all == nil {
		u.all = make(map[string]time.Time)
	}
	u.all[nonce] = now
	return true
}

// giveBack lets an intent be tried again that came to nothing.
func (u *used) giveBack(nonce string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.all, nonce)
}
