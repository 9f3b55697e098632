// Package host is what a program has to have around our packages: a file for
// its database, keys, places, an end in good order.
package host

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// NewServer returns a server for pages: who sends slowly, or nothing, is not
// waited for. A stream may last, its request was read. connContext is that of the
// Middleware, nil where there is none.
func NewServer(pages http.Handler, connContext func(context.Context, net.Conn) context.Context) *http.Server {
	return &http.Server{
		Handler:           pages,
		ConnContext:       connContext,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
}

// Serve has server serve until ctx is done. Beside it runs what else a host has
// to run, as Manager.Run, for a little longer: so that the activity of the last
// request is written too.
func Serve(ctx context.Context, listener net.Listener, server *http.Server, beside ...func(context.Context)) error {
	// Streams end with the program: their contexts are children of this one.
	streams, endStreams := context.WithCancel(context.Background())
	defer endStreams()
	server.BaseContext = func(net.Listener) context.Context { return streams }
	running, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	for _, run := range beside {
		all.Go(func() { run(running) })
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	endStreams()
	last, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	err := server.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // who still sends has had enough time
	}
	return err
}
