package browser_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/signedin/signedin/store/storetest/need"
)

// The page in Firefox.
func TestFirefox(t *testing.T) {
	t.Parallel()
	program := need.Program(t, "firefox-esr")
	site, _ := startProgram(t, "quickstart")
	tab := startFirefox(t, program)
	walker{tab, site, newApp(t, site)}.walk(t, true)
	tab.noScript(t)
	walker{tab, site, newApp(t, site)}.walk(t, false)
}

// bidiTab is a tab, driven by WebDriver BiDi (w3c.github.io/webdriver-bidi).
type bidiTab struct {
	socket *websocket.Conn
	tab    string
	ctx    context.Context

	mu      sync.Mutex
	last    int
	waiting map[int]chan answer
}

type answer struct {
	ID      int
	Result  json.RawMessage
	Error   string
	Message string
	Params  struct { // of the event that a request is held
		IsBlocked bool
		Request   struct{ Request string }
	}
}

// prefs keep Firefox from what a first start does beside.
const prefs = `user_pref("browser.startup.page", 0);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.server", "");
user_pref("services.settings.server", "data:,");
user_pref("app.normandy.enabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("dom.ipc.processCount", 1);
user_pref("dom.ipc.processPrelaunch.enabled", false);
`

func startFirefox(t *testing.T, program string) *bidiTab {
	t.Helper()
	f := &bidiTab{ctx: t.Context(), waiting: make(map[int]chan answer)}
	home := newHome(t)
	if err := os.WriteFile(filepath.Join(home, "user.js"), []byte(prefs), 0o600); err != nil {
		t.Fatal(err)
	}
	at := saidAfter(t, launch(t, home, nil, program, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", home), "WebDriver BiDi listening on ")
	ctx, cancel := context.WithTimeout(f.ctx, patience)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, at+"/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	socket.SetReadLimit(1 << 24)
	f.socket = socket
	t.Cleanup(func() { _ = socket.CloseNow() })
	go f.read()
	f.must(t, "session.new", map[string]any{"capabilities": map[string]any{}}, nil)
	var tab struct{ Context string }
	f.must(t, "browsingContext.create", map[string]any{"type": "tab"}, &tab)
	f.tab = tab.Context
	return f
}

func (f *bidiTab) read() {
	for {
		_, message, err := f.socket.Read(f.ctx)
		if err != nil {
			return
		}
		var a answer
		if json.Unmarshal(message, &a) != nil {
			continue
		}
		if a.Params.IsBlocked {
			go f.call("network.failRequest", map[string]any{"request": a.Params.Request.Request}, nil)
		}
		f.mu.Lock()
		if ch := f.waiting[a.ID]; ch != nil {
			ch <- a
			delete(f.waiting, a.ID)
		}
		f.mu.Unlock()
	}
}

// call sends a command and returns what comes back.
func (f *bidiTab) call(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(f.ctx, patience)
	defer cancel()
	ch := make(chan answer, 1)
	f.mu.Lock()
	f.last++
	id := f.last
	f.waiting[id] = ch
	f.mu.Unlock()
	message, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		return err
	}
	if err := f.socket.Write(ctx, websocket.MessageText, message); err != nil {
		return err
	}
	select {
	case a := <-ch:
		if a.Error != "" {
			return fmt.Errorf("%s: %s: %s", method, a.Error, a.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(a.Result, result)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (f *bidiTab) must(t *testing.T, method string, params, result any) {
	t.Helper()
	if err := f.call(method, params, result); err != nil {
		t.Fatal(err)
	}
}

func (f *bidiTab) open(t *testing.T, url string) {
	t.Helper()
	f.must(t, "browsingContext.navigate", map[string]any{"context": f.tab, "url": url, "wait": "complete"}, nil)
}

func (f *bidiTab) eval(expression string) (string, error) {
	var out struct {
		Type   string
		Result struct {
			Type  string
			Value any
		}
		ExceptionDetails struct{ Text string }
	}
	err := f.call("script.evaluate", map[string]any{
		"expression": expression, "target": map[string]any{"context": f.tab, "sandbox": "test"}, "awaitPromise": true,
	}, &out)
	if err != nil {
		return "", err
	}
	if out.Type == "exception" {
		return "", errors.New(out.ExceptionDetails.Text)
	}
	if out.Result.Value == nil {
		return "", nil
	}
	return fmt.Sprint(out.Result.Value), nil
}

func (f *bidiTab) press(t *testing.T, selector string) {
	t.Helper()
	f.must(t, "script.evaluate", map[string]any{
		"expression": fmt.Sprintf("document.querySelector(%q).scrollIntoView({block: 'center', behavior: 'instant'})", selector),
		"target":     map[string]any{"context": f.tab, "sandbox": "test"}, "awaitPromise": false,
	}, nil)
	var found struct{ Nodes []struct{ SharedID string } }
	f.must(t, "browsingContext.locateNodes", map[string]any{"context": f.tab, "locator": map[string]any{"type": "css", "value": selector}}, &found)
	if len(found.Nodes) == 0 {
		t.Fatalf("there is no %s", selector)
	}
	origin := map[string]any{"type": "element", "element": map[string]any{"sharedId": found.Nodes[0].SharedID}}
	f.act(t, map[string]any{"type": "pointer", "id": "mouse", "actions": []any{
		map[string]any{"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
		map[string]any{"type": "pointerDown", "button": 0},
		map[string]any{"type": "pointerUp", "button": 0},
	}})
}

func (f *bidiTab) write(t *testing.T, selector, text string) {
	t.Helper()
	f.press(t, selector)
	var keys []any
	for _, r := range text {
		keys = append(keys, map[string]any{"type": "keyDown", "value": string(r)}, map[string]any{"type": "keyUp", "value": string(r)})
	}
	f.act(t, map[string]any{"type": "key", "id": "keyboard", "actions": keys})
}

func (f *bidiTab) act(t *testing.T, source map[string]any) {
	t.Helper()
	f.must(t, "input.performActions", map[string]any{"context": f.tab, "actions": []any{source}}, nil)
}

func (f *bidiTab) width(t *testing.T, px int) {
	t.Helper()
	f.must(t, "browsingContext.setViewport", map[string]any{"context": f.tab, "viewport": map[string]any{"width": px, "height": 800}}, nil)
}

// noScript fails every request for the script. (Firefox cannot be told to run
// none in a tab.)
func (f *bidiTab) noScript(t *testing.T) {
	t.Helper()
	f.must(t, "network.addIntercept", map[string]any{"phases": []string{"beforeRequestSent"}, "contexts": []string{f.tab},
		"urlPatterns": []any{map[string]any{"type": "pattern", "pathname": devices + "/script.js"}}}, nil)
	f.must(t, "session.subscribe", map[string]any{"events": []string{"network.beforeRequestSent"}}, nil)
}
