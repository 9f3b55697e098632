package browser_test

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// host is a small site in this process, for what takes another time of day or
// many devices. Its clock is right until it is moved.
type host struct {
	*httptest.Server
	manager *session.Manager
	mux     *http.ServeMux // behind Load
	mw      *middleware.Middleware
	moved   atomic.Int64
}

func startHost(t *testing.T, scfg session.Config) *host {
	t.Helper()
	h := &host{mux: http.NewServeMux()}
	scfg.Now = func() time.Time { return time.Now().Add(time.Duration(h.moved.Load())) }
	scfg.Locator = embedded.New()
	scfg.MaxPerUser, scfg.WatchMode = -1, -1
	var err error
	if h.manager, err = session.New(memstore.New(), scfg); err != nil {
		t.Fatal(err)
	}
	h.mw, err = middleware.New(h.manager, middleware.Config{Refuse: middleware.Pages{SignIn: "/login", Confirm: "/confirm", Recover: "/recover"}.Refuse})
	if err != nil {
		t.Fatal(err)
	}
	page, err := activity.New(h.mw, activity.Config{Reauthenticate: "/confirm", PasswordURL: "/password", RecoveryURL: "/recover", Home: "/"})
	if err != nil {
		t.Fatal(err)
	}
	h.mux.Handle(devices+"/", page)
	h.mux.HandleFunc("GET /login", showForm)
	h.mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		ticket, err := h.manager.BeginSignIn(r.Context(), email)
		if err == nil {
			_, _, err = h.mw.SignIn(w, r, ticket, session.StartOptions{Methods: []string{"pwd"}, Persistent: true})
		}
		goOn(w, r, err)
	})
	h.mux.HandleFunc("GET /confirm", showForm)
	h.mux.Handle("POST /confirm", h.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := h.mw.Reauthenticated(w, r, session.Proof{Methods: []string{"pwd"}})
		goOn(w, r, err)
	})))
	h.Server = httptest.NewServer(h.mw.Load(h.mux))
	t.Cleanup(h.Close)
	return h
}

var form = template.Must(template.New("").Parse(`<!DOCTYPE html><title>Who are you?</title><h1>Who are you?</h1>
<form method=post><input name=next type=hidden value="{{.}}">
<label>Address <input name=email></label> <label>Password <input name=password type=password></label> <button>Go on</button></form>`))

func showForm(w http.ResponseWriter, r *http.Request) {
	_ = form.Execute(w, middleware.LocalPath(r.URL.Query().Get("next"), "/"))
}

func goOn(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil && r.PostFormValue("password") != password {
		err = fmt.Errorf("the password is %q", r.PostFormValue("password"))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	http.Redirect(w, r, middleware.LocalPath(r.PostFormValue("next"), "/"), http.StatusSeeOther)
}

// signedInAt signs in a device, so long ago, from an address.
func (h *host) signedInAt(t *testing.T, ago time.Duration, ip, agent string, opts session.StartOptions) *session.Session {
	t.Helper()
	now := h.moved.Load()
	h.moved.Add(-int64(ago))
	defer h.moved.Store(now)
	ticket, err := h.manager.BeginSignIn(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := h.manager.Start(t.Context(), ticket, session.Origin{IP: netip.MustParseAddr(ip), Hints: device.Hints{UserAgent: agent}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
