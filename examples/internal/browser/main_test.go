package browser_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// What all tests share, since it takes long to make: the programs that were
// built, and one Chromium, in which each profile is a window with cookies of its
// own.
var shared struct {
	dir      string
	mu       sync.Mutex
	built    map[string]error
	chromium context.Context
	closing  []func()
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "signedin-browser-")
	if err != nil {
		panic(err)
	}
	shared.dir, shared.built = dir, make(map[string]error)
	code := m.Run()
	for _, f := range shared.closing {
		f()
	}
	removeAll(dir)
	os.Exit(code)
}

// build builds an example once and returns the program.
func build(t *testing.T, name string) string {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	program := filepath.Join(shared.dir, name)
	err, done := shared.built[name]
	if !done {
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./examples/"+name)
		cmd.Dir = filepath.Join("..", "..", "..")
		if out, e := cmd.CombinedOutput(); e != nil {
			err = fmt.Errorf("%w\n%s", e, out)
		}
		shared.built[name] = err
	}
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// theChromium starts the one that there is.
func theChromium(t *testing.T, program string) context.Context {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.chromium != nil {
		return shared.chromium
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(program), chromedp.UserDataDir(filepath.Join(shared.dir, "profile")), chromedp.NoFirstRun, chromedp.NoSandbox,
		chromedp.Headless, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.UserAgent(userAgent(t, program)),
	)
	ctx, quit := chromedp.NewContext(alloc)
	shared.closing = append(shared.closing, quit, stop)
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatal(err)
	}
	shared.chromium = ctx
	return ctx
}

// removeAll removes the folder of a browser, whose last child may still write.
func removeAll(dir string) {
	for range 20 {
		if os.RemoveAll(dir) == nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}
