package browser_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
	"github.com/signedin/signedin/store/storetest/need"
)

// boundHost is a site over https in this process that binds sessions to devices.
type boundHost struct {
	url     string
	ca      *x509.Certificate
	manager *session.Manager
	mw      *middleware.Middleware

	mu        sync.Mutex
	changed   chan struct{} // closed at the next change of what follows
	refreshes int           // short cookies that were renewed
	ended     int           // browsers that were told to forget
	bound     int
	copied    int
	key       []byte // of the first instance
	store     storetest.Hooked
	fails     atomic.Bool // the store
	serving   atomic.Pointer[http.Handler]
	cut       func() // what clients have open
}

// noted counts something, for those who wait.
func (h *boundHost) noted(n *int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*n++
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *boundHost) count(n *int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return *n
}

// until waits until something was counted so often.
func (h *boundHost) until(ctx context.Context, n *int, want int) error {
	for {
		h.mu.Lock()
		got, changed := *n, h.changed
		h.mu.Unlock()
		if got >= want {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d: %w", got, want, ctx.Err())
		}
	}
}

func (h *boundHost) wait(t *testing.T, what string, n *int, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := h.until(ctx, n, want); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func startBoundHost(t *testing.T, scfg session.Config) *boundHost {
	t.Helper()
	h := &boundHost{changed: make(chan struct{})}
	h.store = storetest.Hooked{Store: memstore.New(), Before: func(string) error {
		if h.fails.Load() {
			return errors.New("the store fails")
		}
		return nil
	}}
	cert, ca := certificate(t)
	h.ca = ca
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*h.serving.Load()).ServeHTTP(w, r) }))
	h.cut, h.url = s.CloseClientConnections, "https://localhost:"+port(s)
	h.key = make([]byte, 32)
	_, _ = rand.Read(h.key)
	h.start(t, scfg, h.key)
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return h.mw.ConnContext(ctx, c) }
	s.Config.ErrorLog = nil
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return h
}

func port(s *httptest.Server) string {
	return s.Listener.Addr().String()[strings.LastIndexByte(s.Listener.Addr().String(), ':')+1:]
}

// start has an instance with these keys answer from now on, and cuts what clients
// have open: the one before is gone, but for the store.
func (h *boundHost) start(t *testing.T, scfg session.Config, keys ...[]byte) {
	t.Helper()
	scfg.Locator, scfg.WatchMode, scfg.MaxPerUser = embedded.New(), -1, -1
	scfg.Observers = append(scfg.Observers, session.ObserverFunc(func(_ context.Context, e session.Event) {
		switch e.Kind {
		case session.EventBound:
			h.noted(&h.bound)
		case session.EventCopied:
			h.noted(&h.copied)
		}
	}))
	var err error
	if h.manager, err = session.New(&h.store, scfg); err != nil {
		t.Fatal(err)
	}
	h.mw, err = middleware.New(h.manager, middleware.Config{BindDevices: "/session", CookieKeys: session.NewKeys(keys...),
		Refuse: middleware.Pages{SignIn: "/login"}.Refuse})
	if err != nil {
		t.Fatal(err)
	}
	devicesPage, err := activity.New(h.mw, activity.Config{Home: "/"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	devicesPage.Register(mux)
	mux.HandleFunc("/session/", func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.mw.Bindings().ServeHTTP(rec, r)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		body := rec.Body.String()
		_, _ = io.WriteString(w, body)
		switch {
		case rec.Code == http.StatusOK && strings.Contains(body, `"continue":false`):
			h.noted(&h.ended)
		case rec.Code == http.StatusOK && strings.HasSuffix(r.URL.Path, "/refresh"):
			h.noted(&h.refreshes)
		case rec.Code != http.StatusForbidden && rec.Code != http.StatusOK:
			t.Logf("%s: %d", r.URL.Path, rec.Code)
		}
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!DOCTYPE html><title>Photos</title><h1>Photos</h1>`)
	})
	mux.HandleFunc("GET /login", showForm)
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		ticket, err := h.manager.BeginSignIn(r.Context(), email)
		if err == nil {
			_, _, err = h.mw.SignIn(w, r, ticket, session.StartOptions{Methods: []string{"pwd"}, Persistent: true})
		}
		goOn(w, r, err)
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := h.mw.SignOut(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
	mux.Handle("GET /private", h.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "private") })))
	mux.HandleFunc("GET /elsewhere", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!DOCTYPE html><title>Elsewhere</title><a href="%s/private">Photos</a>`, h.url)
	})
	mux.Handle("POST /echo", h.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })))
	mux.Handle("GET /events", h.mw.Require(http.HandlerFunc(events)))
	mux.Handle("GET /socket", h.mw.Require(http.HandlerFunc(echo)))
	mux.Handle("POST /upload", h.mw.Require(http.HandlerFunc(h.upload)))

	handler := h.mw.Load(mux)
	h.serving.Store(&handler)
	h.cut()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	manager := h.manager
	running.Go(func() { manager.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
}

// events sends something each while, until its session ends.
func events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := fmt.Fprint(w, "data: x\n\n"); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}

// echo sends back what it is sent.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	for {
		kind, b, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), kind, b) != nil {
			return
		}
	}
}

// upload reads a body, and in the middle of it waits until the short cookie was renewed.
func (h *boundHost) upload(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).EnableFullDuplex()
	begin, err := io.CopyN(io.Discard, r.Body, 1<<20)
	if err == nil {
		err = h.until(r.Context(), &h.refreshes, h.count(&h.refreshes)+1)
	}
	rest, errRest := io.Copy(io.Discard, r.Body)
	if err != nil || errRest != nil {
		http.Error(w, fmt.Sprint(err, errRest), http.StatusBadRequest)
		return
	}
	fmt.Fprint(w, begin+rest)
}

// certificate returns one for localhost, and who has signed it.
func certificate(t *testing.T) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	keys := [2]*ecdsa.PrivateKey{}
	for i := range keys {
		var err error
		if keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	from, to := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "signedin test"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: from, NotAfter: to}
	signed, err := x509.CreateCertificate(rand.Reader, ca, ca, &keys[0].PublicKey, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	if ca, err = x509.ParseCertificate(signed); err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &keys[1].PublicKey, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: keys[1]}, ca
}

// boundChromium starts a Chromium that trusts the site and keeps keys in software,
// without the quota for those who sign as often as a test does.
func boundChromium(t *testing.T, ca *x509.Certificate) context.Context {
	t.Helper()
	chromium, certutil := findChromium(t), need.Program(t, "certutil")
	home := t.TempDir()
	nss := filepath.Join(home, ".pki", "nssdb")
	file := filepath.Join(home, "ca.pem")
	if err := os.MkdirAll(nss, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-N", "--empty-password"}, {"-A", "-t", "C,,", "-n", "test", "-i", file}} {
		if out, err := exec.CommandContext(t.Context(), certutil, append([]string{"-d", "sql:" + nss}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("certutil: %v: %s", err, out)
		}
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), chromedp.Env("HOME="+home),
		chromedp.ExecPath(chromium), chromedp.UserDataDir(filepath.Join(home, "profile")), chromedp.NoFirstRun, chromedp.NoSandbox,
		chromedp.Headless, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("enable-features", "DeviceBoundSessions:RefreshQuota/false,EnableBoundSessionCredentialsSoftwareKeysForManualTesting"),
		chromedp.UserAgent(userAgent(t, chromium)),
	)
	ctx, quit := chromedp.NewContext(alloc)
	t.Cleanup(func() { quit(); stop() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// boundProfile opens a profile of its own in a browser.
func boundProfile(t *testing.T, browser context.Context, name, site string) *profile {
	t.Helper()
	ctx, quit := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(quit)
	p := &profile{ctx: ctx, name: name, site: site}
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(err)
	}
	call(t, p, log.Enable, cdp.Empty{})
	return p
}
