package activity_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func Example() {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		log.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{Refuse: middleware.ToSignIn("/login")})
	if err != nil {
		log.Fatal(err)
	}
	devices, err := activity.New(mw, activity.Config{Reauthenticate: "/confirm", Home: "/"})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("/account/devices/", devices)
	mux.HandleFunc("POST /login", login(mw))
	site := httptest.NewTLSServer(mux)
	defer site.Close()

	browser := site.Client()
	browser.Jar, _ = cookiejar.New(nil)
	if _, err := browser.Post(site.URL+"/login", "", nil); err != nil {
		log.Fatal(err)
	}
	res, err := browser.Get(site.URL + "/account/devices")
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	page, _ := io.ReadAll(res.Body)
	for _, text := range []string{"This device", "Kitchen", "No other device is signed in."} {
		fmt.Println(strings.Contains(string(page), text), text)
	}
	// Output:
	// true This device
	// true Kitchen
	// true No other device is signed in.
}

// login is a host's own sign-in.
func login(mw *middleware.Middleware) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ticket, err := mw.Manager().BeginSignIn(r.Context(), "alice")
		if err == nil { // and the password is right
			_, _, err = mw.SignIn(w, r, ticket, session.StartOptions{Name: "Kitchen"})
		}
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
		}
	}
}
