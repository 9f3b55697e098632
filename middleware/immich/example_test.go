package immich_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func Example() {
	behind := newBackend() // an Immich
	token, _ := behind.start("ada", "")
	server := httptest.NewServer(behind)
	defer server.Close()

	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	target, _ := url.Parse(server.URL)
	proxy, err := immich.New(manager, target, immich.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	devices, err := activity.New(proxy.Middleware(), activity.Config{Path: "/devices", Ended: proxy.Ended})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/devices/", devices)
	mux.Handle("/", proxy)

	get := func(path string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("User-Agent", "immich-android/3.1.0")
		r.Header.Set("Cookie", "immich_access_token="+token)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(path, w.Code)
	}
	get("/api/assets/1/thumbnail")
	get("/devices/")
	live, _ := manager.List(context.Background(), "ada")
	fmt.Println(live[0].Last.Device.Title())
	_ = manager.Revoke(context.Background(), "ada", live[0].ID, session.ReasonSignedOutRemote)
	get("/api/assets/1/thumbnail")

	// Output:
	// /api/assets/1/thumbnail 200
	// /devices/ 200
	// Immich app on Android
	// /api/assets/1/thumbnail 401
}
