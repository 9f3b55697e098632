package providers

import (
	"bufio"
	"context"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	clientID     = "photos"
	clientSecret = "a secret of a test that is long enough"
)

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// program starts a program and waits until it says that it serves. The lines
// that it prints come from the channel, as long as somebody takes them.
func program(t *testing.T, name string, args ...string) <-chan string {
	t.Helper()
	cmd := exec.Command(name, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	serving, lines := make(chan struct{}), make(chan string, 1000)
	go func() {
		defer close(lines)
		once := sync.OnceFunc(func() { close(serving) })
		for in := bufio.NewScanner(out); in.Scan(); {
			t.Logf("%s: %s", filepath.Base(name), in.Text())
			if strings.HasPrefix(in.Text(), "Serving ") {
				once()
			}
			lines <- in.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		for range lines {
		}
		_ = cmd.Wait()
	})
	select {
	case <-serving:
	case <-time.After(time.Minute):
		t.Fatalf("%s does not start", name)
	}
	return lines
}

// app is the program of examples/openid, three instances of it.
type app struct {
	addrs [3]string
	db    string
}

func newApp(t *testing.T) *app {
	a := &app{db: filepath.Join(t.TempDir(), "openid.db")}
	for i := range a.addrs {
		a.addrs[i] = freeAddr(t)
	}
	return a
}

func (a *app) url() string { return "http://" + a.addrs[0] }

// start starts the instances; all are the same site for the provider.
func (a *app) start(t *testing.T, issuer string) {
	binary := filepath.Join(t.TempDir(), "openid")
	build := exec.Command("go", "build", "-o", binary, "./examples/openid")
	build.Dir = "../../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, addr := range a.addrs {
		program(t, binary, "-addr", addr, "-url", a.url(), "-db", a.db, "-issuer", issuer, "-client-id", clientID, "-client-secret", clientSecret)
	}
}

// browser keeps cookies by host, as a browser does on loopback: Secure ones too,
// and whatever the port.
type browser struct {
	*testing.T
	client  *http.Client
	cookies map[string]string
}

func newBrowser(t *testing.T) *browser {
	return &browser{t, &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, map[string]string{}}
}

type page struct {
	url    *url.URL
	status int
	body   string
}

func (b *browser) send(method, to string, form url.Values) page {
	b.Helper()
	for range 20 {
		r, err := http.NewRequestWithContext(b.Context(), method, to, strings.NewReader(form.Encode()))
		if err != nil {
			b.Fatal(err)
		}
		b.dress(r)
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer, err := b.client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range answer.Cookies() {
			if b.cookies[c.Name] = c.Value; c.MaxAge < 0 || c.Value == "" {
				delete(b.cookies, c.Name)
			}
		}
		next, err := answer.Location()
		if err != nil {
			return page{r.URL, answer.StatusCode, string(body)}
		}
		if answer.StatusCode != http.StatusTemporaryRedirect {
			method, form = http.MethodGet, nil
		}
		to = next.String()
	}
	b.Fatalf("%s: too many redirects", to)
	return page{}
}

func (b *browser) dress(r *http.Request) {
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Accept", "text/html")
}

func (b *browser) get(to string) page { b.Helper(); return b.send(http.MethodGet, to, nil) }

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"`)
	inputTag = regexp.MustCompile(`<input[^>]*>`)
	attr     = regexp.MustCompile(`(name|value)="([^"]*)"`)
)

// submit sends the first form of a page, with these values besides its own.
func (b *browser) submit(p page, values url.Values) page {
	b.Helper()
	form := url.Values{}
	for _, tag := range inputTag.FindAllString(p.body, -1) {
		named := map[string]string{}
		for _, a := range attr.FindAllStringSubmatch(tag, -1) {
			named[a[1]] = html.UnescapeString(a[2])
		}
		if named["name"] != "" {
			form.Set(named["name"], named["value"])
		}
	}
	for name := range values {
		form.Set(name, values.Get(name))
	}
	action := formTag.FindStringSubmatch(p.body)
	if action == nil {
		b.Fatalf("%s: no form, but %d %s", p.url, p.status, p.body)
	}
	to, err := p.url.Parse(html.UnescapeString(action[1]))
	if err != nil {
		b.Fatal(err)
	}
	return b.send(http.MethodPost, to.String(), form)
}

func (b *browser) wantSignedIn(a *app, want bool) {
	b.Helper()
	for _, addr := range a.addrs {
		if got := strings.Contains(b.get("http://"+addr+"/").body, "Signed in as"); got != want {
			b.Errorf("signed in at %s: got %v, want %v", addr, got, want)
		}
	}
}

// streams opens a stream at each instance and returns when each has said
// something. When all have ended, it is when they did.
func (b *browser) streams(a *app) (ended <-chan time.Time) {
	b.Helper()
	ends := make(chan time.Time, len(a.addrs))
	for _, addr := range a.addrs {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		b.Cleanup(cancel)
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/events", nil)
		if err != nil {
			b.Fatal(err)
		}
		b.dress(r)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			b.Fatal(err)
		}
		in := bufio.NewReader(answer.Body)
		if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "data:") {
			b.Fatalf("%s: got %d %q (%v), want a stream", addr, answer.StatusCode, line, err)
		}
		go func() {
			_, _ = io.Copy(io.Discard, in)
			answer.Body.Close()
			if ctx.Err() == nil {
				ends <- time.Now()
			}
		}()
	}
	return ends
}

// wantCut waits until the streams of all instances have ended.
func wantCut(t *testing.T, from time.Time, ends <-chan time.Time) {
	t.Helper()
	for range 3 {
		select {
		case at := <-ends:
			t.Logf("a stream ended %v after the sign-out was sent", at.Sub(from).Round(time.Millisecond))
		case <-time.After(20 * time.Second):
			t.Fatal("a stream has not ended")
		}
	}
}

func wantLine(t *testing.T, lines <-chan string, want string) {
	t.Helper()
	for late := time.After(20 * time.Second); ; {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the program ended before it said %q", want)
			}
			if strings.Contains(line, want) {
				return
			}
		case <-late:
			t.Fatalf("the program did not say %q", want)
		}
	}
}

func portOf(addr string) string { return fmt.Sprint(addr[strings.LastIndex(addr, ":")+1:]) }
