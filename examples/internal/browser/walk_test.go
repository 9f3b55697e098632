package browser_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// driven is a tab of a browser other than Chromium, as far as the walk needs
// one. The way that a browser is driven is beside it.
type driven interface {
	// open goes to an address and waits until it is loaded.
	open(t *testing.T, url string)
	// eval returns what an expression of JavaScript gives as text. In the middle
	// of a navigation it may be an error.
	eval(expression string) (string, error)
	// press clicks with the mouse, and write types into a field.
	press(t *testing.T, selector string)
	write(t *testing.T, selector, text string)
	// width makes the viewport so many CSS pixels wide.
	width(t *testing.T, px int)
}

// walker is who walks: the tab, the site that it is on, and an app of the same
// user that it signs out.
type walker struct {
	driven
	site  string
	phone *app
}

func (w walker) text(t *testing.T, expression string) string {
	t.Helper()
	got, err := w.eval(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// until waits until an expression holds on a page that is loaded.
func (w walker) until(t *testing.T, expression string) {
	t.Helper()
	all := "document.readyState == 'complete' && Boolean(" + expression + ")"
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		got, err := w.eval(all)
		if err == nil && got == "true" {
			return
		}
		if time.Now().After(end) {
			page, _ := w.eval("location.href + '\\n' + document.body.innerText")
			t.Fatalf("%s does not come true (%v): %s", expression, err, page)
		}
	}
}

func (w walker) at(t *testing.T, path string) {
	t.Helper()
	w.until(t, fmt.Sprintf("(location.pathname + location.search + location.hash).startsWith(%q)", path))
}

// walk is what the page must do in every browser, with its script and without:
// the sign-in, a narrow window, another device signed out, Back.
func (w walker) walk(t *testing.T, script bool) {
	w.open(t, w.site+devices)
	if got := w.text(t, "location.pathname"); got == "/login" {
		w.write(t, "[name=email]", email)
		w.write(t, "[name=password]", password)
		w.press(t, "[name=remember]")
		w.press(t, "form button")
	}
	w.at(t, devices)

	newApp(t, w.phone.site) // of one there is nothing to select
	w.open(t, w.site+listPage)
	if got := w.text(t, `getComputedStyle(document.querySelector(".device")).display`); got != "grid" {
		t.Errorf("the style of a row is %q: the browser does not take ours", got)
	}
	// The script puts exact times into the reader's zone, without a name of one.
	w.until(t, fmt.Sprintf(`/ UTC$/.test(document.querySelector("time[data-x]").textContent) != %v`, script))
	w.narrow(t)
	// Enter on a box presses no button of a device: nothing at all, or one that
	// leads back here.
	loaded := w.text(t, "performance.timeOrigin")
	w.write(t, "li.device:not(.current) [name=id]", "\uE007")
	w.until(t, fmt.Sprintf("location.pathname == %q && (%v || performance.timeOrigin != %s)", listPage, script, loaded))
	if got := w.phone.get(t, "/api/me"); got != http.StatusOK {
		t.Errorf("after Enter on a box, the app: got %d", got)
	}
	button := string(signOut(w.phone.id(t)))
	w.press(t, button)
	w.at(t, listPage+"#done")
	w.until(t, `/was signed out\.$/.test(document.querySelector("#done").innerText.trim())`)
	w.narrow(t)
	if got := w.phone.get(t, "/api/me"); got != http.StatusUnauthorized {
		t.Errorf("the app: got %d", got)
	}
	_, _ = w.eval("history.back()") // cut short, it may be an error
	w.until(t, "!location.hash && document.querySelector('li.device.current')")
	if got := w.text(t, fmt.Sprintf(`Boolean(document.querySelector('%s'))`, button)); got == "true" {
		t.Error("after Back, the device that was signed out shows as signed in")
	}
}

// narrow checks that nothing is wider than the narrowest phone.
func (w walker) narrow(t *testing.T) {
	t.Helper()
	w.width(t, 320)
	w.until(t, "innerWidth < 340") // which is how narrow a window of WebKit gets
	if right := w.text(t, `Math.max(...[...document.querySelectorAll("body *")].map(e => e.getBoundingClientRect().right)) > 320`); right != "false" {
		t.Errorf("the page is too wide for 320 px: %s", w.text(t, `location.href`))
	}
	w.width(t, 1280)
}

// newHome makes a home for a program, which is removed after it has ended.
func newHome(t *testing.T) string {
	t.Helper()
	home, err := os.MkdirTemp("", "signedin-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(home) })
	return home
}

// launch starts a program and returns what it writes. It and its children are
// killed at the end of the test.
func launch(t *testing.T, home string, env []string, program string, args ...string) io.Reader {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+home, "MOZ_DISABLE_AUTO_SAFE_MODE=1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		_ = out.Close()
	})
	return out
}

// saidAfter returns what a program says after some words, and reads on.
func saidAfter(t *testing.T, out io.Reader, words string) string {
	t.Helper()
	found := make(chan string, 1)
	go func() {
		defer close(found)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, rest, ok := strings.Cut(lines.Text(), words); ok {
				found <- rest
				_, _ = io.Copy(io.Discard, out)
				return
			}
		}
	}()
	select {
	case at, ok := <-found:
		if !ok {
			t.Fatalf("it ended without %q", words)
		}
		return at
	case <-time.After(patience):
		t.Fatalf("it does not say %q", words)
	}
	return ""
}
