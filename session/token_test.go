package session_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
)

func TestTokenRoundTrip(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	wire := token.Reveal()
	if len(wire) != session.TokenLen {
		t.Errorf("got %d bytes, want %d", len(wire), session.TokenLen)
	}
	parsed, err := session.ParseToken(wire)
	if err != nil || parsed.ID() != s.ID || parsed.Reveal() != wire {
		t.Errorf("got %v, %v", parsed.ID(), err)
	}
	c, err := session.ParseCredential(wire)
	if err != nil || c != token.Credential() {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestTokenIsStrict(t *testing.T) {
	b := newBench(t, session.Config{})
	_, token := b.start(t, "alice", session.StartOptions{})
	wire := token.Reveal()
	body := wire[len(wire)-64:]
	for name, bad := range map[string]string{
		"empty":         "",
		"cut":           wire[:len(wire)-1],
		"longer":        wire + "A",
		"padded":        wire[:len(wire)-1] + "=",
		"other version": "sid2_" + body,
		"no version":    body,
		"upper case":    strings.ToUpper(wire),
		"std alphabet":  wire[:10] + "+/" + wire[12:],
		"new line":      wire[:30] + "\n" + wire[31:],
		"space":         " " + wire[1:],
		"NUL":           wire[:len(wire)-1] + "\x00",
		"not ASCII":     wire[:len(wire)-2] + "é",
	} {
		if _, err := session.ParseToken(bad); err != session.ErrMalformed {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
		if c, err := session.ParseCredential(bad); err != session.ErrMalformed || c != (session.Credential{}) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
	for i := range len(body) { // every character counts
		flipped := []byte(wire)
		at := len(wire) - 64 + i
		flipped[at] = 'A' + (flipped[at]-'A'+1)%26
		if string(flipped) == wire {
			continue
		}
		parsed, err := session.ParseToken(string(flipped))
		if err == nil && b.resume(t, parsed) == nil {
			t.Errorf("accepted with character %d changed", i)
		}
	}
}

// Nothing that prints gives the secret away, however deep it is buried.
func TestTokenIsNeverPrinted(t *testing.T) {
	b := newBench(t, session.Config{})
	s, token := b.start(t, "alice", session.StartOptions{})
	type hidden struct{ token session.Token }
	type buried struct {
		T session.Token
		P *session.Token
		M map[string]session.Token
	}
	values := []any{token, &token, hidden{token}, &hidden{token}, buried{token, &token, map[string]session.Token{"t": token}},
		[]session.Token{token}, s, *s, fmt.Errorf("wrapped: %v", token)}

	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	text := slog.New(slog.NewTextHandler(&out, nil))
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T"} {
			fmt.Fprintf(&out, verb, v)
		}
		logger.Info("x", "value", v)
		text.Info("x", "value", v)
		_ = json.NewEncoder(&out).Encode(v)
	}
	raw := token.Bytes()[16:]
	for name, form := range map[string]string{
		"raw": string(raw), "hex": hex.EncodeToString(raw), "HEX": strings.ToUpper(hex.EncodeToString(raw)),
		"base64url": base64.RawURLEncoding.EncodeToString(raw), "base64": base64.RawStdEncoding.EncodeToString(raw),
		"wire": token.Reveal(), "decimal": strings.Trim(fmt.Sprint(raw[:8]), "[]"),
	} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret was printed as %s", name)
		}
	}
	hash := token.Credential().Hash
	if strings.Contains(out.String(), hex.EncodeToString(hash[:])) {
		t.Error("the hash was printed")
	}
}

func TestForeignCredential(t *testing.T) {
	a, b := session.ForeignCredential("token a"), session.ForeignCredential("token b")
	if a == b || a.ID == b.ID || a != session.ForeignCredential("token a") {
		t.Errorf("got %v and %v", a, b)
	}
	if a.ID.Version() != 8 || a.ID.Variant().String() != "RFC4122" {
		t.Errorf("got version %v, %v", a.ID.Version(), a.ID.Variant())
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add("")
	f.Add("sid1_" + strings.Repeat("A", 64))
	f.Add("sid1_" + strings.Repeat("_", 64))
	f.Fuzz(func(t *testing.T, s string) {
		token, err := session.ParseToken(s)
		c, cerr := session.ParseCredential(s)
		if (err == nil) != (cerr == nil) {
			t.Fatalf("ParseToken %v, ParseCredential %v", err, cerr)
		}
		if err == nil && (token.Reveal() != s || token.Credential() != c) {
			t.Fatalf("%q came back as %q", s, token.Reveal())
		}
	})
}

// Each bit of secrets, of salts and of device IDs is on in half of them, and depends on
// no other part: 256, 128 and 128 bits of a good source (ASVS 5.0 7.2.3).
func TestRandomness(t *testing.T) {
	const n = 1000
	b := newBench(t, session.Config{MaxPerUser: -1, Limits: session.Limits{Rotation: time.Hour}})
	var secrets, salts, devices [][]byte
	for i := range n {
		s, token := b.start(t, fmt.Sprint("user ", i), session.StartOptions{})
		secrets = append(secrets, token.Bytes()[16:])
		b.clock.advance(time.Hour)
		if next, err := b.RotatePeriodic(t.Context(), token); err != nil || next.IsZero() {
			t.Fatal(err)
		}
		stored, _, err := b.store.Get(t.Context(), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		salts = append(salts, stored.Secrets.Salt[:])
		id := session.NewDeviceID()
		devices = append(devices, id[:])
	}
	for what, all := range map[string][][]byte{"secret": secrets, "salt": salts, "device ID": devices} {
		if bits := 8 * len(all[0]); bits < 128 {
			t.Errorf("%s: %d bits", what, bits)
		}
		words := make(map[string]bool)
		for _, v := range all {
			for i := 0; i < len(v); i += 4 {
				words[string(v[i:i+4])] = true
			}
		}
		// 8,000 words of 32 bits have 0.007 pairs by chance.
		if want := n * len(all[0]) / 4; len(words) < want-2 {
			t.Errorf("%s: %d different words of %d", what, len(words), want)
		}
		for bit := range 8 * len(all[0]) {
			on := 0
			for _, v := range all {
				on += int(v[bit/8]>>(bit%8)) & 1
			}
			// 8 standard deviations: once in 10^15.
			if math.Abs(float64(on)-n/2) > 8*math.Sqrt(n)/2 {
				t.Errorf("%s: bit %d is on in %d of %d", what, bit, on, n)
			}
		}
	}
}
