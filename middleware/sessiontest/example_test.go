package sessiontest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/sessiontest"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// The test of a handler that needs somebody who is signed in.
func Example() {
	manager, err := session.New(memstore.New(), session.Config{
		Locator: sessiontest.Places(map[netip.Addr]geo.Location{
			netip.MustParseAddr("203.0.113.7"): {Country: "NO", City: "Bergen"},
		}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	albums := mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := session.FromContext(r.Context())
		fmt.Fprintf(w, "albums of %s, from %s", s.UserID, s.Last.Location.City)
	}))

	// One request of somebody:
	w := httptest.NewRecorder()
	albums.ServeHTTP(w, sessiontest.As(mw, "ada", httptest.NewRequest("POST", "/albums", nil)))
	fmt.Println(w.Code)

	// Somebody with a place, who comes again:
	ada, err := sessiontest.SignIn(mw, "ada", sessiontest.Config{IP: netip.MustParseAddr("203.0.113.7")})
	if err != nil {
		fmt.Println(err)
		return
	}
	w = httptest.NewRecorder()
	albums.ServeHTTP(w, ada.Request("GET", "/albums", nil))
	fmt.Println(w.Body)
	// Output:
	// 200
	// albums of ada, from Bergen
}
