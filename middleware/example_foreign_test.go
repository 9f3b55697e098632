package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// An application issues its own tokens, here JWTs in a header or a cookie. We
// watch them: each is a session that can be listed, and signed out at once.
func ExampleForeign() {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	verify := func(jwt string) (subject, id string, ok bool) { // by the application's library
		return "ada", "jti-1", jwt == "eyJhbGciOi.ada"
	}
	// verified names a session by what the issuer signed: a JWT itself can be
	// written in several ways, and only one of them would have been signed out.
	verified := func(find middleware.Extractor) middleware.Extractor {
		return func(r *http.Request) (string, middleware.Place) {
			jwt, at := find(r)
			subject, id, ok := verify(jwt)
			if !ok {
				return "", at
			}
			return subject + " " + id, at
		}
	}
	mw, err := middleware.New(manager, middleware.Config{Foreign: &middleware.Foreign{
		Extractors: []middleware.Extractor{verified(middleware.Bearer), verified(middleware.Cookie("jwt"))},
		Adopt: func(_ *http.Request, name string) (session.Adoption, error) {
			subject, _, _ := strings.Cut(name, " ")
			return session.Adoption{UserID: subject}, nil // with ExpiresAt: the exp of the JWT
		},
		Ended: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "sign in again", http.StatusUnauthorized)
		},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	app := mw.Load(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "your photos")
	}))
	get := func() {
		r := httptest.NewRequest(http.MethodGet, "/photos", nil)
		r.Header.Set("Authorization", "Bearer eyJhbGciOi.ada")
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}

	get()
	live, _ := manager.List(context.Background(), "ada")
	fmt.Println(len(live), "device, signed in by a", live[0].Carrier, "token")
	_ = manager.Revoke(context.Background(), "ada", live[0].ID, session.ReasonSignedOutRemote)
	get() // the JWT is still valid, and of no use

	// Output:
	// 200
	// 1 device, signed in by a foreign token
	// 401
}

// An application keeps its own cookie and its own table of sessions. Nobody is
// signed out by the upgrade, and who is signed out on the page is out on every
// route.
func ExampleForeign_ownSessions() {
	table := map[string]string{"row-1": "ada"} // its sessions, and whose they are
	row := func(r *http.Request) string {      // of the request, by its own middleware
		c, err := r.Cookie("own")
		if err != nil || table[c.Value] == "" {
			return ""
		}
		return c.Value
	}
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	mw, err := middleware.New(manager, middleware.Config{Foreign: &middleware.Foreign{
		Whose: func(r *http.Request) (name, userID string) { return row(r), table[row(r)] },
		Ended: func(w http.ResponseWriter, r *http.Request, _ error) {
			delete(table, row(r))
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		table["row-2"] = "ada" // once the password was right
		http.SetCookie(w, &http.Cookie{Name: "own", Value: "row-2"})
		if _, err := mw.Adopt(w, r, "row-2", session.Adoption{UserID: "ada", SignedIn: true}); err != nil {
			http.Error(w, "Please try again later.", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "your photos") })
	site := mw.Load(mux)
	send := func(method, path, own string) {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Cookie", "own="+own)
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		fmt.Println(method, path, own, w.Code)
	}

	send("GET", "/", "row-1") // signed in before the upgrade
	send("POST", "/login", "")
	live, _ := manager.List(context.Background(), "ada")
	fmt.Println(len(live), "devices")
	_, _ = manager.RevokeAll(context.Background(), "ada", session.ReasonSignedOutRemote)
	send("GET", "/", "row-1")
	send("GET", "/", "row-2")
	fmt.Println(len(table), "sessions of its own")
	// Output:
	// GET / row-1 200
	// POST /login  200
	// 2 devices
	// GET / row-1 303
	// GET / row-2 303
	// 0 sessions of its own
}
