package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/signedin/signedin/examples/internal/hosttest"
	"github.com/signedin/signedin/store/storetest/need"
)

// What the README tells to write into the settings of nginx and of Caddy, in front of
// what its command lines build and start.
func TestInFront(t *testing.T) {
	need.Heavy(t)
	cert, built := newCertificate(t), t.TempDir()
	buildREADME(t, built)
	for name, c := range map[string]struct {
		file, settings string
		command        []string
	}{
		"nginx": {"nginx.conf", `
			daemon off; error_log stderr; pid pid;
			events {}
			http {
				access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
				server {
					listen $ADDR ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem;
					` + inREADME(t, `client_max_body_size 50000M;`) + `
				}
			}`, []string{"nginx", "-p", "$DIR", "-c", "nginx.conf"}},
		"caddy": {"Caddyfile", `
			{
				admin off
				auto_https off
			}
			` + strings.Replace(inREADME(t, `photos.example.com {`), "photos.example.com {", "https://$ADDR {\ntls cert.pem key.pem", 1), []string{"caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := need.Program(t, c.command[0])
			dir, addr := t.TempDir(), freeAddr(t)
			site := startREADME(t, built, dir)
			settings := strings.NewReplacer("$ADDR", addr, "127.0.0.1:8080", strings.TrimPrefix(site, "http://")).Replace(c.settings)
			cert.write(t, dir)
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(settings), 0o600); err != nil {
				t.Fatal(err)
			}
			args := strings.Split(strings.ReplaceAll(strings.Join(c.command[1:], "\n"), "$DIR", dir), "\n")
			serve(t, dir, addr, program, args...)
			f := &front{t: t, site: "https://" + addr, roots: cert.pool}
			f.check()
		})
	}
}

// buildREADME builds the program in dir, by the command line of the README.
func buildREADME(t *testing.T, dir string) {
	t.Helper()
	line := strings.Replace(inREADME(t, `(?m)^ +(go build .*)$`), "-o ", "-o "+dir+"/", 1)
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v, %s", line, err, out)
	}
}

// startREADME starts what was built, by the command line of the README, in front of a
// stand-in and beside what else runs here.
func startREADME(t *testing.T, built, state string) (site string) {
	t.Helper()
	fake, err := newFake()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.close)
	line := inREADME(t, `(?m)^ +(\./immich-proxy -.*)$`) + " -addr 127.0.0.1:0 -target " + fake.url
	cmd := exec.Command("sh", "-c", "exec "+line)
	cmd.Dir, cmd.Env = built, append(os.Environ(), "STATE_DIRECTORY="+state)
	var told bytes.Buffer
	cmd.Stderr = &told
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil || strings.Contains(told.String(), "level=WARN") || strings.Contains(told.String(), "level=ERROR") {
			t.Errorf("%s: %v, %s", line, err, &told)
		}
	})
	if site = hosttest.Opened(out); site == "" {
		t.Fatalf("%s did not start: %s", line, &told)
	}
	return site
}

// inREADME returns what the README says from where the pattern matches: the
// rest of the piece that is set off there, or the submatch if the pattern has one.
func inREADME(t *testing.T, pattern string) string {
	t.Helper()
	text, err := os.ReadFile("../../middleware/immich/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(pattern, "(") {
		pattern = `(?m)^ +(` + pattern + `\n(?:      .*\n)*)`
	}
	found := regexp.MustCompile(pattern).FindSubmatch(text)
	if found == nil {
		t.Fatalf("no %s in the README", pattern)
	}
	return string(found[1])
}

// certificate is one for 127.0.0.1 that signs itself.
type certificate struct {
	tls.Certificate
	pool *x509.CertPool
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return certificate{s.TLS.Certificates[0], pool}
}

func (c certificate) write(t *testing.T, dir string) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: c.Certificate.Certificate[0]}, "key.pem": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// freeAddr returns an address that nobody listens on: who is told to listen
// there cannot tell us which it took.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// serve runs a program in dir until the test ends, and waits until it listens.
func serve(t *testing.T, dir, addr, program string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &out
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // nginx ends its workers
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("%s: %v\n%s", program, err, &out)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen: %v", program, err)
		}
	}
}

// front is what clients see of a proxy that stands in front of ours.
type front struct {
	t     *testing.T
	site  string
	roots *x509.CertPool
}

// client returns a client at an address, and how it presents a token.
func (f *front) client(ip, agent string) *frontClient {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	transport := &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: f.roots}}
	f.t.Cleanup(transport.CloseIdleConnections)
	c := &frontClient{front: f, transport: transport, agent: agent}
	res, body := c.do("POST", "/api/auth/login", `{"email":"`+fakeEmail+`","password":"`+fakePassword+`"}`, "Content-Type", "application/json")
	for _, cookie := range res.Cookies() {
		if cookie.Name == "immich_access_token" && cookie.Secure {
			c.cookie = cookie.Name + "=" + cookie.Value
			return c
		}
	}
	f.t.Fatalf("sign-in: got %s: %s and %v, want a Secure cookie", res.Status, body, res.Cookies())
	return nil
}

type frontClient struct {
	*front
	transport     *http.Transport
	agent, cookie string
}

func (c *frontClient) do(method, path, body string, headers ...string) (*http.Response, string) {
	c.t.Helper()
	headers = append(headers, "User-Agent", c.agent, "X-Forwarded-For", "192.0.2.1") // the latter is not believed
	if c.cookie != "" {
		headers = append(headers, "Cookie", c.cookie)
	}
	by := &http.Client{Transport: c.transport, CheckRedirect: hosttest.Plain.CheckRedirect}
	return read(c.t, hosttest.Send(c.t, by, method, c.site+path, body, headers...))
}

// check goes the whole way through.
func (f *front) check() {
	f.t.Helper()
	mine, other := f.client("127.0.0.1", desk), f.client("127.0.0.2", phone)
	other.upload()
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, f.site+"/api/socket.io/?EIO=4&transport=websocket", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: other.transport},
		HTTPHeader: http.Header{"Cookie": {other.cookie}, "User-Agent": {phone}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	defer socket.CloseNow()
	if _, hello, err := socket.Read(ctx); err != nil || !strings.HasPrefix(string(hello), "0{") {
		f.t.Fatalf("socket: got %q, %v", hello, err)
	}
	if err := socket.Write(ctx, websocket.MessageText, []byte("40")); err != nil {
		f.t.Fatal(err)
	}
	if _, ack, err := socket.Read(ctx); err != nil || !strings.HasPrefix(string(ack), "40") {
		f.t.Fatalf("socket: got %q, %v", ack, err)
	}

	_, page := mine.do("GET", "/devices", "", "Accept", "text/html")
	if !strings.Contains(page, "127.0.0.2") || strings.Contains(page, "192.0.2.1") {
		f.t.Errorf("the page does not show the address of the other, or believes what the client says: %s", page)
	}
	_, list := mine.do("GET", "/devices/api/sessions", "")
	id := regexp.MustCompile(`"id":"([0-9a-f-]+)"[^{}]*"current":false`).FindStringSubmatch(list)
	if id == nil {
		f.t.Fatalf("no other device in %s", list)
	}
	// As a browser does, which names the site that it shows.
	if res, got := mine.do("DELETE", "/devices/api/sessions/"+id[1], "", "Origin", f.site); res.StatusCode != http.StatusNoContent {
		f.t.Fatalf("sign out: got %s: %s", res.Status, got)
	}
	var told []string
	for err == nil {
		var text []byte
		_, text, err = socket.Read(ctx)
		told = append(told, string(text))
	}
	if all := strings.Join(told, " "); !strings.Contains(all, `42["on_session_delete"`) || ctx.Err() != nil {
		f.t.Errorf("the socket was told %q and ended with %v", all, err)
	}
	if res, got := other.do("POST", "/api/auth/validateToken", ""); res.StatusCode != http.StatusUnauthorized || !strings.Contains(got, "message") {
		f.t.Errorf("the phone: got %s: %s, want Immich's own 401", res.Status, got)
	}
}

// upload sends more than proxies take by default, and asks for a part of it.
func (c *frontClient) upload() {
	c.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field, value := range map[string]string{
		"deviceAssetId": "1", "deviceId": "phone", "fileCreatedAt": "2026-01-01T00:00:00.000Z", "fileModifiedAt": "2026-01-01T00:00:00.000Z",
	} {
		_ = form.WriteField(field, value) // to memory
	}
	file, _ := form.CreateFormFile("assetData", "photo.jpg")
	fmt.Fprint(file, strings.Repeat("0123456789", 300_000))
	form.Close()
	res, got := c.do("POST", "/api/assets", body.String(), "Content-Type", form.FormDataContentType())
	id := regexp.MustCompile(`"id":"([0-9a-f-]+)"`).FindStringSubmatch(got)
	if res.StatusCode != http.StatusCreated || id == nil {
		c.t.Fatalf("upload of 3 MB: got %s: %s", res.Status, got)
	}
	res, got = c.do("GET", "/api/assets/"+id[1]+"/original", "", "Range", "bytes=5-14")
	if res.StatusCode != http.StatusPartialContent || got != "5678901234" {
		c.t.Errorf("part of it: got %s: %q", res.Status, got)
	}
}
