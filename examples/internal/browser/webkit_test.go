package browser_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The page in WebKit, which is Safari's engine, over TLS as in the world: over
// plain HTTP it takes no Secure cookie, and keeps pages that are not to be stored.
func TestWebKit(t *testing.T) {
	t.Parallel()
	driver, err := exec.LookPath("WebKitWebDriver")
	if err == nil {
		_, err = exec.LookPath("Xvfb")
	}
	found, _ := filepath.Glob("/usr/lib/*/webkit2gtk-4.?/MiniBrowser")
	if err != nil || len(found) == 0 { // not need.Program: it is large, and not everywhere
		t.Skip("SKIPPED: no webkit2gtk-driver or xvfb of Debian: the page was NOT tested in WebKit")
	}
	site, _ := startProgram(t, "quickstart", "-trusted-proxies", "127.0.0.1/32")
	behind, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.SetXForwarded()
		r.Out.Host = r.In.Host
	}})
	defer front.Close()
	for _, script := range []bool{true, false} {
		t.Run(fmt.Sprintf("script %v", script), func(t *testing.T) {
			w := walker{startWebKit(t, driver, found[0], fmt.Sprintf("--enable-javascript=%v", script)), front.URL, newApp(t, site)}
			w.walk(t, script)
		})
	}
}

// webkitTab is a window of WebKitGTK's MiniBrowser, driven by WebDriver
// (w3.org/TR/webdriver2) on a screen that nobody sees.
type webkitTab struct {
	at  string // the address of its session
	ctx context.Context
}

func startWebKit(t *testing.T, driver, browser string, args ...string) *webkitTab {
	t.Helper()
	display := saidAfter(t, launch(t, newHome(t), nil, "Xvfb", "-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"), "")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	_, port, _ := net.SplitHostPort(at)
	_ = free.Close()
	go io.Copy(io.Discard, launch(t, newHome(t), []string{"DISPLAY=:" + display}, driver, "--port="+port))
	k := &webkitTab{at: "http://" + at, ctx: t.Context()}
	var session struct{ SessionID string }
	options := map[string]any{"binary": browser, "args": append([]string{"--automation", "--full-screen"}, args...)}
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		err := k.call("POST", "/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{"acceptInsecureCerts": true, "webkitgtk:browserOptions": options}}}, &session)
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	k.at += "/session/" + session.SessionID
	t.Cleanup(func() { k.ctx = context.Background(); _ = k.call("DELETE", "", nil, nil) })
	return k
}

func (k *webkitTab) call(method, path string, params, result any) error {
	ctx, cancel := context.WithTimeout(k.ctx, patience)
	defer cancel()
	body, err := json.Marshal(params)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, k.at+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var out struct{ Value json.RawMessage }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, out.Value)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(out.Value, result)
}

func (k *webkitTab) must(t *testing.T, method, path string, params, result any) {
	t.Helper()
	if err := k.call(method, path, params, result); err != nil {
		t.Fatal(err)
	}
}

func (k *webkitTab) open(t *testing.T, url string) {
	t.Helper()
	k.must(t, "POST", "/url", map[string]any{"url": url}, nil)
}

func (k *webkitTab) eval(expression string) (string, error) {
	var v any
	err := k.call("POST", "/execute/sync", map[string]any{"script": "return " + expression, "args": []any{}}, &v)
	if err != nil || v == nil {
		return "", err
	}
	return fmt.Sprint(v), nil
}

func (k *webkitTab) element(t *testing.T, selector string) string {
	t.Helper()
	var found map[string]string
	k.must(t, "POST", "/element", map[string]any{"using": "css selector", "value": selector}, &found)
	for _, id := range found {
		return "/element/" + id
	}
	return ""
}

func (k *webkitTab) press(t *testing.T, selector string) {
	t.Helper()
	k.must(t, "POST", k.element(t, selector)+"/click", map[string]any{}, nil)
}

func (k *webkitTab) write(t *testing.T, selector, text string) {
	t.Helper()
	k.must(t, "POST", k.element(t, selector)+"/value", map[string]any{"text": text}, nil)
}

// width makes the window as narrow as it gets, without its toolbar some pixels wider than a phone,
// and the page as narrow as is wanted.
func (k *webkitTab) width(t *testing.T, px int) {
	t.Helper()
	k.must(t, "POST", "/window/rect", map[string]any{"width": px, "height": 900}, nil)
	k.must(t, "POST", "/execute/sync", map[string]any{"script": fmt.Sprintf("document.documentElement.style.width = '%dpx'", px), "args": []any{}}, nil)
}
