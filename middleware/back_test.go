package middleware_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest/need"
)

// The pages of a site that plays the person at the browser: they sign in, look at
// something private, sign out by a form, and press Back. window.name is all that
// outlives a page.
const (
	backStart = `<!DOCTYPE html><script>
fetch("/login?user=alice&%s", {method: "POST"}).then(() => location = "/private")
</script>`
	backPrivate = `<!DOCTYPE html><p>the private photo of alice</p><form method=post action=/logout></form><script>
addEventListener("pageshow", e => {
	if (e.persisted || window.name == "gone") return fetch("/report?private")
	window.name = "here"
	setTimeout(() => document.forms[0].submit(), 300)
})
</script>`
	backBye = `<!DOCTYPE html><p>goodbye</p><script>
addEventListener("pageshow", () => setTimeout(() => { window.name = "gone"; history.back() }, 300))
</script>`
	backLogin = `<!DOCTYPE html><p>please sign in</p><script>addEventListener("pageshow", () => fetch("/report?login"))</script>`
)

// Back, after signing out of a shared computer, shows nothing.
func TestBackAfterSignOut(t *testing.T) {
	for name, b := range map[string]struct {
		program string
		args    func(dir, url string) []string
	}{
		"Chromium": {"chromium", chromium},
		"Firefox": {"firefox-esr", func(dir, url string) []string {
			return []string{"--headless", "--no-remote", "--profile", dir, url}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			program := need.Program(t, b.program)
			if got := backIn(t, program, b.args, "shared"); got != "login" {
				t.Errorf("after a shared session Back shows %q", got)
			}
			t.Logf("after any other session Back shows %q", backIn(t, program, b.args, "remember"))
		})
	}
}

func chromium(dir, url string) []string {
	return []string{"--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--user-data-dir=" + dir, url}
}

func backIn(t *testing.T, program string, args func(dir, url string) []string, how string) string {
	t.Helper()
	s := makeSite(t, nil, session.Config{}, middleware.Config{InsecureCookie: true})
	said := make(chan string, 10)
	mux := http.NewServeMux()
	mux.Handle("/", s.mux)
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := s.mw.SignOut(w, r); err != nil {
			said <- err.Error()
		}
		http.Redirect(w, r, "/bye", http.StatusSeeOther)
	})
	mux.Handle("/start", page(fmt.Sprintf(backStart, how)))
	mux.Handle("/bye", page(backBye))
	mux.HandleFunc("/report", func(_ http.ResponseWriter, r *http.Request) { said <- r.URL.RawQuery })
	cfg := middleware.Config{InsecureCookie: true, Refuse: func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, backLogin)
	}}
	refusing, err := middleware.New(s.manager, cfg)
	if err != nil {
		t.Fatal(err)
	}
	all := http.NewServeMux()
	all.Handle("/", s.mw.Load(mux))
	all.Handle("/private", refusing.Require(page(backPrivate)))
	server := httptest.NewServer(all)
	defer server.Close()

	return visit(t, program, args, server.URL+"/start", said)
}

// visit opens a browser there, and returns what is said first.
func visit(t *testing.T, program string, args func(dir, url string) []string, url string, said <-chan string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "signedin-back-")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args(dir, url)...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "MOZ_DISABLE_AUTO_SAFE_MODE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // and its children
		_ = cmd.Wait()
		for range 20 { // the last of them may still write
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	select {
	case got := <-said:
		return got
	case <-time.After(time.Minute):
		return "nothing: it never came there"
	}
}

// page is a page of HTML.
func page(html string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, html)
	})
}

// A page of another site posts a form to the sign-out: the user stays signed in.
func TestSignOutFromElsewhereInChromium(t *testing.T) {
	program := need.Program(t, "chromium")
	s := makeSite(t, nil, session.Config{}, middleware.Config{InsecureCookie: true})
	said := make(chan string, 10)
	var here, there string
	mux := http.NewServeMux()
	mux.Handle("/", s.mux)
	mux.HandleFunc("/start", func(w http.ResponseWriter, r *http.Request) {
		page(`<!DOCTYPE html><script>fetch("/login?user=alice&remember", {method: "POST"}).then(() => location = "`+there+`")</script>`).ServeHTTP(w, r)
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := s.mw.SignOut(w, r); err == nil {
			t.Error("not refused")
		}
		page(`<!DOCTYPE html><script>location = "/after"</script>`).ServeHTTP(w, r)
	})
	mux.HandleFunc("/after", func(_ http.ResponseWriter, r *http.Request) { said <- whoAmI(r) })
	own := s.mw.Load(mux)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "localhost") { // another site
			page(`<!DOCTYPE html><form method=post action="`+here+`/logout"></form><script>document.forms[0].submit()</script>`).ServeHTTP(w, r)
			return
		}
		own.ServeHTTP(w, r)
	}))
	here = "http://" + server.Listener.Addr().String()
	there = strings.Replace(here, "127.0.0.1", "localhost", 1)
	server.Start()
	defer server.Close()
	if got := visit(t, program, chromium, here+"/start", said); got != "hello alice" {
		t.Errorf("after another site's form: %q", got)
	}
}
