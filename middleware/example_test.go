package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/sessiontest"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func newExample(cfg middleware.Config) *middleware.Middleware {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		panic(err)
	}
	mw, err := middleware.New(manager, cfg)
	if err != nil {
		panic(err)
	}
	return mw
}

// A site with a page for who is signed in, a sign-in and a sign-out.
func ExampleMiddleware_SignIn() {
	mw := newExample(middleware.Config{})
	mux := http.NewServeMux()
	mux.Handle("GET /photos", mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := session.FromContext(r.Context())
		fmt.Fprint(w, "photos of ", s.UserID)
	})))
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		userID := r.FormValue("name")                                   // look it up
		ticket, err := mw.Manager().BeginSignIn(r.Context(), userID)    // before the password is read
		if err == nil && r.FormValue("password") != "correct horse 8" { // check its hash
			http.Error(w, "Wrong name or password.", http.StatusUnauthorized)
			return
		}
		if err == nil {
			_, _, err = mw.SignIn(w, r, ticket, session.StartOptions{})
		}
		if err != nil {
			mw.Fail(w, r, err) // 403, 409 or 503
			return
		}
		http.Redirect(w, r, "/photos", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := mw.SignOut(w, r); err != nil {
			mw.Fail(w, r, err)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	site := mw.Load(mux) // and http.Server{Handler: site, ConnContext: mw.ConnContext}

	cookies := map[string]string{}
	send := func(method, target string) {
		r := httptest.NewRequest(method, target, nil)
		r.Header.Set("Sec-Fetch-Site", "same-origin") // as browsers do
		for name, value := range cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			if cookies[c.Name] = c.Value; c.MaxAge < 0 {
				delete(cookies, c.Name)
			}
		}
		fmt.Println(method, r.URL.Path, w.Code)
	}
	send("GET", "/photos")
	send("POST", "/login?name=ada&password=wrong")
	send("POST", "/login?name=ada&password=correct+horse+8")
	send("GET", "/photos")
	send("POST", "/logout")
	send("GET", "/photos")
	// Output:
	// GET /photos 401
	// POST /login 401
	// POST /login 303
	// GET /photos 200
	// POST /logout 303
	// GET /photos 401
}

// After a change of the password all other sessions end, and this one goes on
// with a new cookie.
func ExampleMiddleware_RevokeOthers() {
	mw := newExample(middleware.Config{})
	site := mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/password" {
			return
		}
		// ... check the old password, store the hash of the new one ...
		ended, err := mw.RevokeOthers(w, r, session.ReasonPasswordChanged)
		if err != nil {
			mw.Fail(w, r, err)
			return
		}
		fmt.Println("ended:", ended)
	}))
	here, err := sessiontest.SignIn(mw, "ada", sessiontest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	elsewhere, err := sessiontest.SignIn(mw, "ada", sessiontest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	do := func(c *sessiontest.Client, method, path string) int {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, c.Request(method, path, nil))
		c.Keep(w.Result())
		return w.Code
	}
	do(here, "POST", "/password")
	fmt.Println("here:", do(here, "GET", "/"), "elsewhere:", do(elsewhere, "GET", "/"))
	// Output:
	// ended: 1
	// here: 200 elsewhere: 401
}

// What is sensitive asks for a proof that is not older than five minutes. A
// person without one is sent to Pages.Confirm, which checks the password, calls
// Reauthenticated, and goes on to the query parameter "next".
func ExampleMiddleware_RequireRecentAuth() {
	clock := sessiontest.NewClock(time.Time{})
	manager, err := session.New(memstore.New(), session.Config{Now: clock.Now})
	if err != nil {
		fmt.Println(err)
		return
	}
	pages := middleware.Pages{SignIn: "/login", Confirm: "/confirm"}
	mw, err := middleware.New(manager, middleware.Config{Refuse: pages.Refuse})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /keys", mw.RequireRecentAuth(5*time.Minute)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	mux.Handle("POST /confirm", mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// ... check the password of the signed-in user ...
		if _, err := mw.Reauthenticated(w, r, session.Proof{}); err != nil {
			mw.Fail(w, r, err)
			return
		}
		http.Redirect(w, r, middleware.LocalPath(r.FormValue("next"), "/"), http.StatusSeeOther)
	})))
	site := mw.Load(mux)
	ada, err := sessiontest.SignIn(mw, "ada", sessiontest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	send := func(method, target string) {
		r := ada.Request(method, target, nil)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		ada.Keep(w.Result())
		fmt.Println(method, r.URL.Path, w.Code, w.Header().Get("Location"))
	}
	clock.Advance(10 * time.Minute)
	send("GET", "/keys")
	send("POST", "/confirm?next=%2Fkeys")
	send("GET", "/keys")
	// Output:
	// GET /keys 303 /confirm?next=%2Fkeys
	// POST /confirm 303 /keys
	// GET /keys 200
}
