package main

import (
	"net"
	"net/http"
	"os"
	"time"

	"github.com/signedin/signedin/middleware/immich/immichtest"
)

const (
	fakeEmail    = "alice@example.com"
	fakePassword = "correct horse battery"
)

// fake is a stand-in of Immich that listens.
type fake struct {
	url, apiKey string
	alice       immichtest.User
	server      *immichtest.Server
	http        *http.Server
	dir         string // to be removed with it
}

func newFake() (*fake, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := immichtest.New()
	alice := server.AddUser(fakeEmail, fakePassword)
	f := &fake{url: "http://" + listener.Addr().String(), alice: alice, apiKey: server.AddAPIKey(alice.ID), server: server,
		http: &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Second}}
	go func() { _ = f.http.Serve(listener) }()
	return f, nil
}

func (f *fake) close() {
	f.server.Close()
	_ = f.http.Close()
	if f.dir != "" {
		_ = os.RemoveAll(f.dir)
	}
}
