// Package readme_test compiles what the README shows, as a reader would.
package readme_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is a host around a piece of the README, with the names that the
// README leaves to it.
const program = `package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/middleware/openid"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/memstore"
)

var (
	_ = embedded.New
	_ = notice.New
	_ = risk.New
	_ = activity.New
	_ = immich.New
	_ = openid.New
	_ = memstore.New
	_ = json.NewEncoder
	_ netip.Prefix
)

var (
	ctx      context.Context
	mux      *http.ServeMux
	photos   http.Handler
	userID   string
	remember bool
	ticket   session.Ticket
	target   *url.URL
	clientIP middleware.ClientIP
	store    session.Store
	riskKey  session.Keys
	manager  *session.Manager
	mw       *middleware.Middleware
	w        http.ResponseWriter
	r        *http.Request
)

var profileKeys session.Keys

// queue is of the host's mailer.
var queue interface {
	Add(context.Context, notice.Notice) error
}

func host() error {
%s
return nil
}

func main() { _ = host() }
`

// Names that a piece declares for the reader to use.
var declared = map[string]string{
	"n, err := mw.RevokeAllExcept":    "_, _ = n, err",
	"clientIP, err := middleware.":    "_, _ = mw, err",
	"s, token, err := mw.SignIn(w, r": "_, _ = s, err",
	"assessor, err := risk.New":       "_, _ = manager, err",
	"provider, err := openid.New":     "_ = err",
}

func TestREADME(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	pieces := strings.Split(string(text), "```go\n")[1:]
	if len(pieces) < 4 {
		t.Fatalf("found %d pieces of Go: the test looks for the wrong thing", len(pieces))
	}
	for i, piece := range pieces {
		piece, _, _ = strings.Cut(piece, "```")
		for has, use := range declared {
			if strings.Contains(piece, has) {
				piece += use + "\n"
			}
		}
		dir := t.TempDir()
		source := filepath.Join(dir, "main.go")
		if err := os.WriteFile(source, fmt.Appendf(nil, program, piece), 0o600); err != nil {
			t.Fatal(err)
		}
		// The file is in the module for the go command only.
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
			filepath.Join(root, "examples", "internal", "readme", "host", "main.go"): source,
		}})
		if err != nil {
			t.Fatal(err)
		}
		list := filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(list, overlay, 0o600); err != nil {
			t.Fatal(err)
		}
		build := exec.CommandContext(t.Context(), "go", "build", "-overlay", list, "-o", os.DevNull, "./examples/internal/readme/host")
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("piece %d does not compile: %v\n%s\n%s", i+1, err, out, piece)
		}
	}
}
