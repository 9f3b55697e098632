package dbsc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware/internal/dbsc"
)

func base(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token joins the parts of a token, the last of which it signs with.
func token(header, claims string, sign func(hash []byte) []byte) string {
	text := base([]byte(header)) + "." + base([]byte(claims))
	hash := sha256.Sum256([]byte(text))
	return text + "." + base(sign(hash[:]))
}

func ecKey(t testing.TB) (header string, sign func([]byte) []byte, x, y string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	x, y = base(point[1:33]), base(point[33:])
	return `{"typ":"dbsc+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"` + x + `","y":"` + y + `"}}`, func(hash []byte) []byte {
		r, s, err := ecdsa.Sign(rand.Reader, key, hash)
		if err != nil {
			t.Fatal(err)
		}
		sig := make([]byte, 64)
		r.FillBytes(sig[:32])
		s.FillBytes(sig[32:])
		return sig
	}, x, y
}

func rsaHeader(n *big.Int, e string) string {
	return `{"typ":"dbsc+jwt","alg":"RS256","jwk":{"kty":"RSA","n":"` + base(n.Bytes()) + `","e":"` + e + `"}}`
}

const claims = `{"jti":"challenge"}`

func TestProofs(t *testing.T) {
	header, sign, _, _ := ecKey(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signRSA := func(hash []byte) []byte {
		sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hash)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	_, otherSign, _, _ := ecKey(t)
	for name, text := range map[string]string{"ES256": token(header, claims, sign), "RS256": token(rsaHeader(key.N, "AQAB"), claims, signRSA)} {
		for _, form := range []string{text, `"` + text + `"`, ` "` + text + `";a=b `, text + ";a"} {
			p, err := dbsc.Read([]string{form})
			if err != nil || p.Challenge != "challenge" || p.Algorithm != name || p.Key == "" || !p.IsBy(p.Key, name) {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
	}
	p, err := dbsc.Read([]string{token(header, claims, otherSign)})
	if err != nil || p.IsBy(p.Key, "ES256") {
		t.Errorf("signed by another key: %v", err)
	}
	good, err := dbsc.Read([]string{token(header, claims, sign)})
	if err != nil || good.IsBy(good.Key, "RS256") || good.IsBy("", "ES256") || good.IsBy("AAAA", "ES256") {
		t.Errorf("another algorithm or key: %v", err)
	}
}

func TestBadProofs(t *testing.T) {
	header, sign, x, y := ecKey(t)
	good := token(header, claims, sign)
	parts := strings.Split(good, ".")
	with := func(old, in string) string { return token(strings.Replace(header, old, in, 1), claims, sign) }
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	big384, err := p384.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	odd := func(bits uint) *big.Int { return new(big.Int).SetBit(big.NewInt(1), int(bits-1), 1) }
	for name, values := range map[string][]string{
		"nothing": nil, "empty": {""}, "two headers": {good, good}, "two in one": {`"` + good + `", "` + good + `"`},
		"no end of a text": {`"` + good}, "more than a text": {`"` + good + `"x`}, "escaped": {`"a\"b"`}, "bytes": {":" + good + ":"},
		"inner list": {"(" + good + ")"}, "newline": {good[:10] + "\n" + good[10:]}, "U+0000": {good + "\x00"}, "not ASCII": {good + "é"},
		"huge": {token(header, `{"jti":"`+strings.Repeat("x", 4096)+`"}`, sign)}, "two parts": {parts[0] + "." + parts[1]}, "two signatures": {good + "." + parts[2]},
		"no signature": {parts[0] + "." + parts[1] + "."}, "no header": {"." + parts[1] + "." + parts[2]},
		"padding": {parts[0] + "=." + parts[1] + "." + parts[2]}, "base64 of another kind": {strings.Replace(good, parts[2], "+/"+parts[2][2:], 1)},
		"bits that say nothing": {parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + "_"},
		"not JSON":              {token("x", claims, sign)}, "a list": {token("[]", claims, sign)}, "null": {token("null", claims, sign)}, "claims null": {token(header, "null", sign)},
		"none": {with("ES256", "none")}, "HS256": {with("ES256", "HS256")}, "no alg": {with(`"alg":"ES256",`, "")}, "es256": {with("ES256", "es256")},
		"wrong typ": {with("dbsc+jwt", "JWT")}, "no typ": {with(`"typ":"dbsc+jwt",`, "")}, "crit": {with(`{"typ"`, `{"crit":["x"],"typ"`)},
		"no jti": {token(header, `{}`, sign)}, "jti is a number": {token(header, `{"jti":1}`, sign)}, "jti is empty": {token(header, `{"jti":""}`, sign)},
		"a private key":      {with(`"crv"`, `"d":"AAAA","crv"`)},
		"P-384":              {with("P-256", "P-384")},
		"a point of P-384":   {token(`{"typ":"dbsc+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"`+base(big384[1:49])+`","y":"`+base(big384[49:])+`"}}`, claims, sign)},
		"not on the curve":   {with(x, y)},
		"compressed":         {with(`"y":"`+y+`"`, `"y":""`)},
		"a shorter x":        {with(x, x[:40])},
		"infinity":           {with(x, base(make([]byte, 32)))},
		"another kty":        {with(`"EC"`, `"RSA"`)},
		"kty of alg":         {with("ES256", "RS256")},
		"RSA 512":            {token(rsaHeader(odd(512), "AQAB"), claims, sign)},
		"RSA 2047":           {token(rsaHeader(odd(2047), "AQAB"), claims, sign)},
		"RSA 4097":           {token(rsaHeader(odd(4097), "AQAB"), claims, sign)},
		"RSA 16384":          {token(rsaHeader(odd(16384), "AQAB"), claims, sign)},
		"RSA, even":          {token(rsaHeader(new(big.Int).Lsh(big.NewInt(1), 2047), "AQAB"), claims, sign)},
		"RSA, exponent 1":    {token(rsaHeader(odd(2048), "AQ"), claims, sign)},
		"RSA, exponent 3":    {token(rsaHeader(odd(2048), "Aw"), claims, sign)},
		"RSA, even exponent": {token(rsaHeader(odd(2048), "AQAC"), claims, sign)},
		"RSA, huge exponent": {token(rsaHeader(odd(2048), base(odd(64).Bytes())), claims, sign)},
		"RSA, no exponent":   {token(rsaHeader(odd(2048), ""), claims, sign)},
	} {
		if p, err := dbsc.Read(values); err == nil {
			t.Errorf("%s: read as %+v", name, p)
		}
	}
}

func TestShortSignatures(t *testing.T) {
	header, sign, _, _ := ecKey(t)
	for _, length := range []int{1, 63, 65, 128} {
		p, err := dbsc.Read([]string{token(header, claims, func(hash []byte) []byte { return append(sign(hash), make([]byte, 64)...)[:length] })})
		if err != nil || p.IsBy(p.Key, "ES256") {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
}

func TestSkipped(t *testing.T) {
	for line, want := range map[string]bool{
		`quota_exceeded;session_identifier="x"`: true, `unreachable;session_identifier="y", server_error;session_identifier="x"`: true,
		`unreachable;session_identifier="y"`: false, `other;session_identifier="x"`: false, "quota_exceeded": false, "": false,
	} {
		if got := dbsc.Skipped([]string{line}, "x"); got != want {
			t.Errorf("%s: got %v", line, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	header, sign, _, _ := ecKey(f)
	f.Add(token(header, claims, sign))
	f.Add(`"` + token(`{"typ":"dbsc+jwt","alg":"RS256"}`, claims, sign) + `";a`)
	f.Fuzz(func(t *testing.T, value string) {
		p, err := dbsc.Read([]string{value})
		if err != nil {
			return
		}
		if p.Challenge == "" || p.Algorithm != "ES256" && p.Algorithm != "RS256" {
			t.Errorf("read as %+v", p)
		}
		p.IsBy(p.Key, p.Algorithm)
	})
}
