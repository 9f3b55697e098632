package middleware

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"

	"github.com/gorilla/securecookie"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest/need"
)

// What securecookie opens is never taken for forged, whatever was done to it, and
// what has another MAC always is.
func TestForgedIsWhatDoesNotOpen(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		key := bytes.Repeat([]byte{byte(r.Uint32())}, 32+r.IntN(60))
		c := newCodecs(session.NewKeys(key), 0)()[0]
		name := string(bytes.Repeat([]byte{'n'}, r.IntN(40)))
		raw := make([]byte, r.IntN(150))
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		value, err := c.Encode(name, raw)
		if err != nil {
			t.Fatal(err)
		}
		if c.isForged(name, value) {
			t.Fatalf("%q of %q is taken for forged", value, name)
		}
		changed := []byte(value)
		switch r.IntN(4) {
		case 0:
			changed[r.IntN(len(changed))] = "AZaz09-_=|\n"[r.IntN(11)]
		case 1:
			changed = changed[:r.IntN(len(changed))]
		case 2:
			changed = append(changed, "\n=A"[r.IntN(3)])
		case 3:
			name += "x"
		}
		var got []byte
		opens := c.Codec.Decode(name, string(changed), &got) == nil
		if forged := c.isForged(name, string(changed)); forged == opens {
			b, _ := base64.URLEncoding.DecodeString(string(changed))
			t.Fatalf("%q (%q) of %q: forged %v, opens %v", changed, b, name, forged, opens)
		}
	}
	var _ securecookie.Codec = codec{}
}

func TestForgedAllocatesNothing(t *testing.T) {
	c := newCodecs(session.NewKeys(bytes.Repeat([]byte{1}, 32)), 0)
	value := seal(c()[0], "session", make([]byte, 49))
	forged := "A" + value[1:]
	if n := need.Allocations(func() {
		if _, _, ok := c.open("session", forged); ok {
			t.Fatal("opened")
		}
	}); n > 0 {
		t.Errorf("got %v allocations", n)
	}
}
