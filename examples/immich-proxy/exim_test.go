package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// eximConfig is of a server that takes mails only from who has proved who they are, over
// TLS, and keeps them.
const eximConfig = `
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
pid_file_path = DIR/pid
primary_hostname = localhost
local_interfaces = HOST
daemon_smtp_ports = PORT
tls_advertise_hosts = *
tls_certificate = DIR/cert.pem
tls_privatekey = DIR/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = rcpt
acl_smtp_data = data
queue_only
keep_environment =
begin acl
rcpt:
  deny !encrypted = *
  deny !authenticated = *
  accept
data:
  accept
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{photos@example.com}}{eq{$auth3}{correct horse}}}}
  server_set_id = $auth2
`

// mailCertificate makes one for an address, in dir, and returns who trusts it.
func mailCertificate(t *testing.T, dir, host string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, IPAddresses: []net.IP{net.ParseIP(host)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	pool.AppendCertsFromPEM(public)
	for name, text := range map[string][]byte{"cert.pem": public, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return pool
}

// startExim starts the server in folders of its own and returns where it listens.
func startExim(t *testing.T, dir, host string) (addr string) {
	t.Helper()
	exim := need.Program(t, "exim4", "/usr/sbin")
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	for _, name := range []string{"spool", "log", "."} { // as root it becomes another user
		if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, "exim.conf")
	text := strings.NewReplacer("DIR", dir, "HOST", host, "PORT", port).Replace(eximConfig)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd := exec.Command(exim, "-C", config, "-bdf")
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return addr
		}
		select {
		case <-ended:
			all, _ := os.ReadFile(said.Name())
			t.Fatalf("exim4 ended: %s", all)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestMailerOfExim sends a mail to a server as people run them: with STARTTLS, and a
// password that is not sent before it.
func TestMailerOfExim(t *testing.T) {
	need.Program(t, "exim4", "/usr/sbin")
	dir, err := os.MkdirTemp("", "exim") // t.TempDir is below folders that only its user may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // of a connection that has just ended a child still writes its line
		for range 100 {
			os.RemoveAll(dir)
			time.Sleep(10 * time.Millisecond)
			if _, err := os.Stat(dir); err != nil {
				return
			}
		}
		t.Errorf("%s is written to after the server was killed", dir)
	})
	var random [3]byte
	_, _ = rand.Read(random[:])
	host := fmt.Sprintf("127.%d.%d.%d", 64+random[0]%64, random[1], 1+random[2]%250) // nobody else listens there
	roots := mailCertificate(t, dir, host)
	addr := startExim(t, dir, host)

	folder := t.TempDir()
	box, err := newOutbox(folder, memstore.New())
	if err != nil {
		t.Fatal(err)
	}
	if err := box.add(t.Context(), notice.Notice{UserID: "ann", Kind: notice.KindAlert, At: time.Unix(1, 0), Subject: "Bitte prüfen", Text: "Hello.\n.\nStill here.\n"}); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(folder, "ann", "*.eml"))
	if len(files) != 1 {
		t.Fatalf("%d mails in the outbox", len(files))
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], []byte("To: ann@example.com"+strings.TrimPrefix(string(text), "To: ")), 0o600); err != nil {
		t.Fatal(err)
	}
	send := func(password string, trusted *x509.CertPool) error {
		t.Setenv(passwordVariable, password)
		m, err := newMailer(box, "smtp://photos%40example.com@"+addr, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		m.roots = trusted
		return m.sendAll()
	}
	stays := func() bool { _, err := os.Stat(files[0]); return err == nil }
	var unknown x509.UnknownAuthorityError
	if err := send("correct horse", x509.NewCertPool()); !errors.As(err, &unknown) || !stays() {
		t.Errorf("a server that nobody vouches for: got %v, the mail stays: %v", err, stays())
	}
	var refused *textproto.Error
	if err := send("wrong", roots); !errors.As(err, &refused) || refused.Code != 535 || !stays() {
		t.Errorf("a wrong password: got %v, the mail stays: %v", err, stays())
	}
	if err := send("correct horse", roots); err != nil || stays() {
		t.Fatalf("got %v, the mail stays: %v", err, stays())
	}
	log, err := os.ReadFile(filepath.Join(dir, "log", "mainlog"))
	if err != nil {
		t.Fatal(err)
	}
	if taken := regexp.MustCompile(`<= photos@example\.com .* P=esmtpsa X=TLS1\.3.* A=plain:photos@example\.com`); !taken.Match(log) {
		t.Errorf("the server did not take it over TLS: %s", log)
	}
	mails, _ := filepath.Glob(filepath.Join(dir, "spool", "input", "*-D"))
	if len(mails) != 1 {
		t.Fatalf("%d mails were taken over", len(mails))
	}
	body, err := os.ReadFile(mails[0])
	if err != nil {
		t.Fatal(err)
	}
	head, err := os.ReadFile(strings.TrimSuffix(mails[0], "D") + "H")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), "Hello.\n.\nStill here.") || !strings.Contains(string(head), "To: ann@example.com") || !strings.Contains(string(head), "prüfen") && !strings.Contains(string(head), "pr=C3=BCfen") {
		t.Errorf("the mail arrived as %s\n%s", head, body)
	}
}
