// Package dbsc reads and checks what browsers send for Device Bound Session
// Credentials (the public draft of the W3C, github.com/w3c/webappsec-dbsc): proofs,
// which are JSON Web Tokens of one form, and the few structured fields around them.
//
// It knows two algorithms and no options, which is less than what a library for all
// of JOSE has to be kept from doing.
package dbsc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

const (
	// maxProof bounds a proof before any work is done on it. With RSA of 4096 bits
	// one has about 1,700 bytes.
	maxProof = 4096

	minRSA, maxRSA = 2048, 4096 // bits
)

// A Proof is what a browser has signed. Nothing of it is true until [Proof.IsBy].
type Proof struct {
	Algorithm string // "ES256" or "RS256"
	Challenge string // what it answers to
	// Key is the key that it says it is signed with, in the form of base64 of PKIX; ""
	// if it says nothing, as for a key that is known.
	Key string

	signed    string
	signature []byte
}

var errProof = errors.New("dbsc: not a proof")

func bad(what string) error { return fmt.Errorf("%w: %s", errProof, what) }

// Read reads the values of Secure-Session-Response.
func Read(values []string) (Proof, error) {
	text, err := Text(values, maxProof)
	if err != nil {
		return Proof{}, err
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return Proof{}, bad("not three parts")
	}
	var header struct {
		Typ, Alg string
		Crit     json.RawMessage
		JWK      *jwk
	}
	if err := decode(parts[0], &header); err != nil {
		return Proof{}, err
	}
	var claims struct{ JTI string }
	if err := decode(parts[1], &claims); err != nil {
		return Proof{}, err
	}
	p := Proof{Algorithm: header.Alg, Challenge: claims.JTI, signed: parts[0] + "." + parts[1]}
	switch {
	case header.Typ != "dbsc+jwt":
		return Proof{}, bad("typ")
	case p.Algorithm != "ES256" && p.Algorithm != "RS256":
		return Proof{}, bad("alg")
	case header.Crit != nil:
		return Proof{}, bad("crit")
	case p.Challenge == "":
		return Proof{}, bad("no jti")
	}
	if p.signature, err = unbase(parts[2]); err != nil {
		return Proof{}, err
	}
	if header.JWK != nil {
		if p.Key, err = header.JWK.text(p.Algorithm); err != nil {
			return Proof{}, err
		}
	}
	return p, nil
}

// IsBy reports whether the key has signed the proof, by that algorithm.
func (p *Proof) IsBy(key, algorithm string) bool {
	if p.Algorithm != algorithm {
		return false
	}
	der, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return false
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return false
	}
	hash := sha256.Sum256([]byte(p.signed))
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if algorithm != "ES256" || k.Curve != elliptic.P256() || len(p.signature) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(p.signature[:32]), new(big.Int).SetBytes(p.signature[32:])
		return ecdsa.Verify(k, hash[:], r, s)
	case *rsa.PublicKey:
		return algorithm == "RS256" && rsa.VerifyPKCS1v15(k, crypto.SHA256, hash[:], p.signature) == nil
	}
	return false
}

// jwk is a public key (RFC 7517).
type jwk struct {
	KTY, CRV, X, Y, N, E string
	D                    json.RawMessage
}

// text returns the key, which has to be one for the algorithm.
func (k *jwk) text(algorithm string) (string, error) {
	var public crypto.PublicKey
	var err error
	switch {
	case k.D != nil:
		return "", bad("a private key")
	case k.KTY == "EC" && algorithm == "ES256":
		public, err = k.ec()
	case k.KTY == "RSA" && algorithm == "RS256":
		public, err = k.rsa()
	default:
		err = bad("kty")
	}
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", bad(err.Error())
	}
	return base64.StdEncoding.EncodeToString(der), nil
}

func (k *jwk) ec() (crypto.PublicKey, error) {
	x, errX := unbase(k.X)
	y, errY := unbase(k.Y)
	if err := errors.Join(errX, errY); err != nil {
		return nil, err
	}
	if k.CRV != "P-256" || len(x) != 32 || len(y) != 32 {
		return nil, bad("not a key of P-256")
	}
	point := append(append([]byte{4}, x...), y...) // uncompressed
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, bad("not on the curve")
	}
	return public, nil
}

func (k *jwk) rsa() (crypto.PublicKey, error) {
	n, errN := unbase(k.N)
	e, errE := unbase(k.E)
	if err := errors.Join(errN, errE); err != nil {
		return nil, err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if bits := modulus.BitLen(); bits < minRSA || bits > maxRSA || modulus.Bit(0) == 0 {
		return nil, bad("RSA of another size")
	}
	if len(e) > 4 || exponent.Int64() < 65537 || exponent.Int64() > 1<<31-1 || exponent.Bit(0) == 0 {
		return nil, bad("exponent")
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
}

func decode(part string, to any) error {
	b, err := unbase(part)
	if err != nil {
		return err
	}
	if len(b) == 0 || b[0] != '{' {
		return bad("not an object")
	}
	if err := json.Unmarshal(b, to); err != nil {
		return bad("JSON")
	}
	return nil
}

func unbase(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || s == "" || strings.ContainsAny(s, "\r\n") { // which the decoder passes over
		return nil, bad("base64")
	}
	return b, nil
}
