package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/examples/internal/host"
	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/cachestore"
)

// serving is how an instance tells where it is.
const serving = "Serving http://"

// serveInstance is one of the instances, until ctx is done.
func serveInstance(ctx context.Context, f flags, stdout io.Writer, log *slog.Logger) error {
	listener, err := net.Listen("tcp", f.instance)
	if err != nil {
		return fmt.Errorf("-base-port, or -instance: %w", err)
	}
	defer listener.Close()
	addr := listener.Addr().String()
	log = log.With("instance", addr)
	b, err := open(ctx, f.db, log)
	if err != nil {
		return err
	}
	defer b.close()
	i, err := newInstance(b, f.cached, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s%s\n", serving, addr)
	return host.Serve(ctx, listener, host.NewServer(i.handler(addr), i.mw.ConnContext), i.manager.Run, i.listen)
}

// instance is the site over a backend: this is what a host writes.
type instance struct {
	*backend
	manager *session.Manager
	cache   *cachestore.Store // nil if every request reads the database
	mw      *middleware.Middleware
	site    http.Handler
}

func newInstance(b *backend, cached bool, log *slog.Logger) (*instance, error) {
	i := &instance{backend: b}
	keys, err := host.ReadKeys(b.keyFile) // all instances have the same
	if err != nil {
		return nil, err
	}
	store := b.store
	if cached {
		if i.cache, err = cachestore.New(store, cachestore.Config{}); err != nil {
			return nil, err
		}
		store = i.cache
	}
	i.manager, err = session.New(store, session.Config{
		Locator: embedded.New(), ProfileKeys: session.NewKeys(keys.Profile), Logger: log,
		Observers: []session.Observer{b.bus}, // tells the others
	})
	if err != nil {
		return nil, err
	}
	clientIP, err := middleware.TrustedProxies([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, middleware.ProxyConfig{})
	if err != nil {
		return nil, err
	}
	i.mw, err = middleware.New(i.manager, middleware.Config{
		CookieKeys: session.NewKeys(keys.Cookie), ClientIP: clientIP, Refuse: middleware.Pages{SignIn: "/login", Confirm: "/confirm"}.Refuse,
	})
	if err != nil {
		return nil, err
	}
	i.site, err = demo.New(b.users, i.mw, embedded.Attribution, log)
	return i, err
}

// listen hears from the others: copies are dropped, and what is open is cut.
func (i *instance) listen(ctx context.Context) {
	if i.cache != nil {
		_ = i.cache.Run(ctx, i.bus, i.manager.Hub()) // ends with ctx
		return
	}
	_ = i.bus.Run(ctx, i.manager.Hub().Receive)
}

// handler serves the site and, to who comes without the proxy, the metrics.
func (i *instance) handler(addr string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", i.metrics())
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Served-By", addr)
		i.site.ServeHTTP(w, r)
	})
	return mux
}
