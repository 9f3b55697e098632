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
		Adopt: func(_ *http.Request, name string) (session.Foreign, error) {
			subject, _, _ := strings.Cut(name, " ")
			return session.Foreign{UserID: subject}, nil // with ExpiresAt: the exp of the JWT
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
