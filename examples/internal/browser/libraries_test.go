package browser_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/signedin/signedin/session"
)

// What htmx and Turbo send when the session has ended, or the last proof is old,
// leads to the page where that can be mended, and from there back to the page
// that they were on.
func TestLibraries(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	modules := installWeb(t)
	h := startHost(t, session.Config{})
	p := newProfile(t, chromium, "desk", h.URL)
	for name, path := range map[string]string{
		"htmx2": "htmx.org/dist/htmx.min.js", "htmx4": "htmx4/dist/htmx.min.js", "turbo": "@hotwired/turbo/dist/turbo.es2017-umd.js",
	} {
		h.mux.HandleFunc("GET /"+name+".js", func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, filepath.Join(modules, filepath.FromSlash(path)))
		})
		h.mux.HandleFunc("GET /page/"+name, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `<!DOCTYPE html><title>Photos</title><script src="/%s.js"></script><h1>Photos</h1><p id=said></p>
<button id=ajax hx-post="/like" hx-target="#said">Like</button> <button id=danger hx-post="/delete" hx-target="#said">Delete</button>
<form action="/like" method=post><button id=form>Like</button></form>
<form action="/delete" method=post><button id=old>Delete</button></form>
<a id=link href="/private">More</a> <a id=open data-turbo-frame=part href="/private">Part</a> <turbo-frame id=part></turbo-frame>`, name)
		})
	}
	said := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "done") }
	h.mux.Handle("POST /like", h.mw.Require(http.HandlerFunc(said)))
	h.mux.Handle("GET /private", h.mw.Require(http.HandlerFunc(said)))
	h.mux.Handle("POST /delete", h.mw.RequireRecentAuth(0)(http.HandlerFunc(said)))

	for _, tt := range []struct {
		library, press string
		old            bool // the proof, not the end of the session
		want           string
	}{
		{"htmx2", "#ajax", false, "/login?next=%2Fpage%2Fhtmx2"},
		{"htmx2", "#danger", true, "/confirm?next=%2Fpage%2Fhtmx2"},
		{"htmx4", "#ajax", false, "/login?next=%2Fpage%2Fhtmx4"},
		{"htmx4", "#danger", true, "/confirm?next=%2Fpage%2Fhtmx4"},
		{"turbo", "#form", false, "/login?next=%2Fpage%2Fturbo"},
		{"turbo", "#old", true, "/confirm?next=%2Fpage%2Fturbo"},
		{"turbo", "#link", false, "/login?next=%2Fprivate"},
		{"turbo", "#open", false, "/login?next=%2Fpage%2Fturbo"},
	} {
		h.hostSignIn(t, p)
		p.open(t, "/page/"+tt.library)
		if tt.old {
			h.moved.Add(int64(time.Hour))
		} else if _, err := h.manager.RevokeAll(t.Context(), email, session.ReasonAdmin); err != nil {
			t.Fatal(err)
		}
		run(t, p, chromedp.Click(chromedp.CSS(tt.press)))
		p.settle(t, tt.want)
		if tt.old {
			p.fill(t, `[name=password]`, password)
			p.submit(t, `button`)
			p.settle(t, "/page/"+tt.library)
			if _, err := h.manager.RevokeAll(t.Context(), email, session.ReasonAdmin); err != nil {
				t.Fatal(err)
			}
		}
	}
}
