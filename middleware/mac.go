package middleware

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"sync"

	"github.com/gorilla/securecookie"
)

// codec is a securecookie, and what throws forgeries away before that is asked, so
// that whoever sends many of them makes no garbage. It only refuses: what it lets
// pass, securecookie judges.
type codec struct {
	securecookie.Codec
	macs *sync.Pool // of *macOf
}

// macOf is an HMAC with the key of a codec, and room for what it is asked about.
type macOf struct {
	hash    hash.Hash
	in, out [maxCredential]byte
}

func newCodec(c securecookie.Codec, key []byte) codec {
	return codec{c, &sync.Pool{New: func() any { return &macOf{hash: hmac.New(sha256.New, key)} }}}
}

// isForged reports whether a value cannot be one that was sealed with the key
// under that name: base64 of "time|content|MAC", of which the MAC is of
// "name|time|content".
func (c codec) isForged(name, value string) bool {
	m := c.macs.Get().(*macOf)
	defer c.macs.Put(m)
	if len(value) > len(m.in) || len(name) >= len(m.in) {
		return len(value) > len(m.in)
	}
	n, err := base64.URLEncoding.Decode(m.out[:], m.in[:copy(m.in[:], value)])
	if err != nil || n <= sha256.Size || m.out[n-sha256.Size-1] != '|' {
		return true
	}
	m.hash.Reset()
	at := copy(m.in[:], name)
	m.in[at] = '|'
	_, _ = m.hash.Write(m.in[:at+1])
	_, _ = m.hash.Write(m.out[:n-sha256.Size-1])
	return !hmac.Equal(m.out[n-sha256.Size:n], m.hash.Sum(m.in[:0]))
}
