package flash_test

import (
	"fmt"
	"net/http"

	"golang.org/x/oauth2"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/flash"
	"github.com/signedin/signedin/session"
)

var (
	mw   *middleware.Middleware
	keys session.Keys // as in middleware.Config.CookieKeys
	mux  = http.NewServeMux()
)

// A message that the next page shows once.
func Example_message() {
	messages, err := flash.New[string](mw, keys, "message", flash.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux.HandleFunc("POST /albums", func(w http.ResponseWriter, r *http.Request) {
		if err := messages.Put(w, "The album is made."); err != nil {
			http.Error(w, "Please try again.", http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, "/albums", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /albums", func(w http.ResponseWriter, r *http.Request) {
		message, _ := messages.Take(w, r) // "" if there is none
		fmt.Fprintln(w, message)          // by your template, which escapes it
	})
}

// What a browser keeps while its user is at an OAuth provider.
func Example_oauth() {
	type trip struct{ State, Verifier, Next string }
	trips, err := flash.New[trip](mw, keys, "trip", flash.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	var client oauth2.Config
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		t := trip{oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), middleware.LocalPath(r.FormValue("next"), "/")}
		if err := trips.Put(w, t); err != nil {
			http.Error(w, "Please try again.", http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, client.AuthCodeURL(t.State, oauth2.S256ChallengeOption(t.Verifier)), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		t, err := trips.Take(w, r)
		if err != nil || r.FormValue("state") != t.State {
			http.Error(w, "Please sign in again.", http.StatusBadRequest)
			return
		}
		token, err := client.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(t.Verifier))
		_, _ = token, err // find the user, mw.SignIn, then go to t.Next
	})
}
