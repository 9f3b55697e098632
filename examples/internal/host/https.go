package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"time"
)

// certificateFor is for how long a certificate is good: browsers take none of longer.
const certificateFor = 398 * 24 * time.Hour

// HTTPS returns a certificate for localhost, from file.tls.pem, and where the one is
// that browsers have to trust for it, file.ca.pem: both are made at the first start, and
// again once they have expired. The key of the second signs nothing else: nobody keeps
// it.
func HTTPS(file string) (cert tls.Certificate, ca string, err error) {
	own, ca := file+".tls.pem", file+".ca.pem"
	cert, err = tls.LoadX509KeyPair(own, own)
	if err == nil && cert.Leaf.NotAfter.After(time.Now().Add(24*time.Hour)) {
		return cert, ca, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return cert, ca, err
	}
	if err = makeCertificate(own, ca); err != nil {
		return cert, ca, err
	}
	cert, err = tls.LoadX509KeyPair(own, own)
	return cert, ca, err
}

func makeCertificate(own, ca string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	from, to := time.Now().Add(-time.Hour), time.Now().Add(certificateFor)
	loopback := net.IPNet{IP: net.IPv4(127, 0, 0, 1).To4(), Mask: net.CIDRMask(32, 32)}
	root := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "signedin quickstart, for this machine"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost"}, PermittedIPRanges: []*net.IPNet{&loopback},
	}
	leaf := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: from, NotAfter: to,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{loopback.IP},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &signer.PublicKey, signer)
	if err != nil {
		return err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, signer)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	private := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER})...)
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(own, private, 0o600)
}

func serial() *big.Int {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return new(big.Int).SetBytes(b)
}
