package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"

	"github.com/signedin/signedin/middleware"
)

// newProxy passes each request to the next of the addresses in turn that
// answers.
func newProxy(addrs []string, log *slog.Logger) http.Handler {
	b := &balancer{addrs: addrs}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "an-instance"})
			r.Out.Host = r.In.Host // what browsers compare their Origin with
			r.SetXForwarded()
		},
		// A connection for each request: so the choice is made where one that is
		// dead is noticed before anything was sent.
		Transport: &http.Transport{DialContext: b.dial, DisableKeepAlives: true},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			log.WarnContext(r.Context(), "no answer from an instance", "path", r.URL.Path, "error", err)
			middleware.Problem(w, r, http.StatusBadGateway, nil)
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), // a stream that is cut is no trouble
	}
	mux := http.NewServeMux()
	mux.Handle("/", proxy)
	mux.HandleFunc("/metrics", http.NotFound) // each instance has its own
	return mux
}

// balancer picks instances.
type balancer struct {
	addrs  []string
	turn   atomic.Uint64
	dialer net.Dialer
}

// dial connects with the next instance that there is, whatever was asked for.
func (b *balancer) dial(ctx context.Context, network, _ string) (conn net.Conn, err error) {
	for range b.addrs {
		addr := b.addrs[b.turn.Add(1)%uint64(len(b.addrs))]
		if conn, err = b.dialer.DialContext(ctx, network, addr); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
