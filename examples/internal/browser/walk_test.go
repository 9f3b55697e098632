package browser_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
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
	// noScript keeps the page's script from running from now on.
	noScript(t *testing.T)
}

// walker is who walks: the tab, and the site that it is on.
type walker struct {
	driven
	site string
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

// walk is what the page must do in every browser: the sign-in, another device
// signed out, Back, a narrow window, and all of it without the script.
func (w walker) walk(t *testing.T) {
	w.open(t, w.site+devices)
	w.at(t, "/login")
	w.write(t, "[name=email]", email)
	w.write(t, "[name=password]", password)
	w.press(t, "[name=remember]")
	w.press(t, "form button")
	w.at(t, devices)

	for _, script := range []bool{true, false} {
		if !script {
			w.noScript(t)
		}
		phone := newApp(t, w.site)
		w.open(t, w.site+listPage)
		if got := w.text(t, `getComputedStyle(document.querySelector(".device")).display`); got != "grid" {
			t.Errorf("the style of a row is %q: the browser does not take ours", got)
		}
		// The script puts exact times into the reader's zone, without a name of one.
		w.until(t, fmt.Sprintf(`/ UTC$/.test(document.querySelector("time[data-x]").textContent) != %v`, script))
		w.narrow(t)
		id := w.text(t, `document.querySelector("li.device:not(.current) [name=sign-out]").value`)
		button := `[name=sign-out][value="` + id + `"]`
		w.press(t, button)
		w.at(t, listPage+"#done")
		w.until(t, `/was signed out\.$/.test(document.querySelector("#done").innerText)`)
		if got := w.text(t, `document.activeElement.id`); script && got != "done" {
			t.Errorf("the focus is on %q", got)
		}
		w.narrow(t)
		if got := phone.get(t, "/api/me"); got != http.StatusUnauthorized {
			t.Errorf("the app: got %d", got)
		}
		w.eval("history.back()") // an error in the middle of it is none
		w.until(t, "!location.hash && document.querySelector('li.device.current')")
		if got := w.text(t, fmt.Sprintf(`Boolean(document.querySelector('%s'))`, button)); got == "true" {
			t.Errorf("script %v: after Back, the device that was signed out shows as signed in", script)
		}
	}
}

// narrow checks that nothing is wider than the narrowest phone.
func (w walker) narrow(t *testing.T) {
	t.Helper()
	w.width(t, 320)
	w.until(t, "innerWidth <= 320")
	if wide, _ := strconv.Atoi(w.text(t, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)); wide > 0 {
		t.Errorf("the page is %d px too wide for 320 px: %s", wide, strings.TrimSpace(w.text(t, `location.href`)))
	}
	w.width(t, 1280)
}
