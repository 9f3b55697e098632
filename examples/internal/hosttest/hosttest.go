// Package hosttest runs the programs of examples in their tests.
package hosttest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Program is one that runs.
type Program struct {
	Site   string
	Told   []string // before it served
	Stderr bytes.Buffer
	Stop   func() error
}

// Launch returns once the program serves, which it says by a line "Open URL".
func Launch(t *testing.T, run func(ctx context.Context, stdout, stderr io.Writer) error) (*Program, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	p := new(Program)
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, in, &p.Stderr)
		in.Close()
		ended <- err
	}()
	p.Stop = func() error {
		cancel()
		return <-ended
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if at, ok := strings.CutPrefix(lines.Text(), "Open "); ok {
			p.Site = at
			return p, nil
		}
		p.Told = append(p.Told, lines.Text())
	}
	return nil, p.Stop()
}

// Opened returns where a program serves that writes "Open URL", "" if it ends
// before. It reads on, so that the program can write.
func Opened(out io.Reader) string {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "Open "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return at
		}
	}
	return ""
}

// End stops the program, which must end well.
func (p *Program) End(t *testing.T) {
	t.Helper()
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}

// Plain follows no redirect and keeps no cookie.
var Plain = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Send sends a request, and again what is answered 503: a machine that runs
// tests may be too slow for the time that a request has. header are names and
// values in turns.
func Send(t *testing.T, by *http.Client, method, url, body string, header ...string) *http.Response {
	t.Helper()
	for range 100 {
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := by.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusServiceUnavailable {
			return res
		}
		t.Logf("%s %s: %s", method, url, res.Status)
		res.Body.Close()
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s %s: 503 again and again", method, url)
	return nil
}
