package middleware

import (
	"encoding/binary"
	"net/http"
	"time"

	"github.com/signedin/signedin/middleware/internal/dbsc"
	"github.com/signedin/signedin/session"
)

// The short cookie of a bound session says of which session and key it is, and when
// the challenge was made that the key has signed. It is sealed, and signs nobody in:
// it counts beside the session's own.

// boundCookieLen is 16 bytes of the session's ID and two times.
const boundCookieLen = len(session.ID{}) + 8 + 8

// send sends the short cookie for a challenge that was made at that time. It ends
// in the browser when its proof is one lifetime old; the server takes it for half of
// that longer, since clocks differ.
func (b *binding) send(w http.ResponseWriter, s *session.Session, at, now time.Time) {
	k := b.attributes
	raw := binary.BigEndian.AppendUint64(s.ID[:len(s.ID):len(s.ID)], uint64(s.Bound.Since.UnixMilli()))
	k.Value = seal(b.codecs()[0], k.Name, binary.BigEndian.AppendUint64(raw, uint64(at.UnixMilli())))
	k.MaxAge = max(1, int((b.lifetime-now.Sub(at))/time.Second))
	sendSecret(w, &k)
}

// take takes the short cookie away, if the request shows one.
func (b *binding) take(w http.ResponseWriter, r *http.Request) bool {
	if b == nil {
		return false
	}
	if _, shown := cookieValue(r, b.attributes.Name); !shown {
		return false
	}
	k := b.attributes
	k.MaxAge = -1
	sendSecret(w, &k)
	return true
}

// read returns what a value of the short cookie proves of that session.
func (b *binding) read(value string, id session.ID) (p session.KeyProof) {
	if value == "" {
		return p
	}
	raw, _, ok := b.codecs.open(b.attributes.Name, value)
	if !ok || len(raw) != boundCookieLen || session.ID(raw[:len(id)]) != id {
		return p
	}
	p.Since = time.UnixMilli(int64(binary.BigEndian.Uint64(raw[len(id):]))).UTC()
	p.At = time.UnixMilli(int64(binary.BigEndian.Uint64(raw[len(id)+8:]))).UTC()
	return p
}

// keyProof returns what a request proves of the key of that session.
func (m *Middleware) keyProof(r *http.Request, id session.ID) (p session.KeyProof) {
	if m.bind == nil {
		return p
	}
	value, _ := cookieValue(r, m.bind.attributes.Name)
	p = m.bind.read(value, id)
	if skipped := r.Header["Secure-Session-Skipped"]; skipped != nil {
		p.Excused = dbsc.Skipped(skipped, id.String())
	}
	return p
}

// proof is keyProof for a session that is known: the value of its short cookie is opened
// when it changes.
func (b *binding) proof(k *session.Known, short string) session.KeyProof {
	if b == nil || short == "" {
		return session.KeyProof{}
	}
	p, ok := k.Proof(short)
	if !ok {
		p = b.read(short, k.ID())
		k.KeepProof(short, p)
	}
	return p
}
