package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/signedin/signedin/examples/internal/host"
	"github.com/signedin/signedin/session"
)

// serveMetrics serves what the program counts, in Prometheus' text format, and
// whether it is well: the database answers.
func (p *parts) serveMetrics(l net.Listener) func(context.Context) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write([]byte(p.metrics())) // the client has gone
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if _, err := p.store.List(ctx, session.Query{UserID: "nobody", State: session.StateLive, Limit: 1}); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return func(ctx context.Context) { _ = host.Serve(ctx, l, host.NewServer(mux, nil)) }
}

func (p *parts) metrics() string {
	var b strings.Builder
	counted := func(kind, name, help string, values ...any) { // of labels, and what they have
		fmt.Fprintf(&b, "# HELP signedin_%s %s\n# TYPE signedin_%s %s\n", name, help, name, kind)
		for i := 0; i < len(values); i += 2 {
			fmt.Fprintf(&b, "signedin_%s%v %v\n", name, values[i], values[i+1])
		}
	}
	s, m, i, c := p.manager.Stats(), p.proxy.Middleware().Stats(), p.proxy.Stats(), p.cache.Stats()
	counted("counter", "unavailable_total", "Requests that were answered 502 or 503, by the cause.",
		`{cause="timeout"}`, m.Unavailable.Timeout, `{cause="store"}`, m.Unavailable.Store, `{cause="immich"}`, i.NoAnswer, `{cause="immich-unjudged"}`, i.Unjudged)
	counted("counter", "unasked_total", "Questions about a token that Immich did not answer.", "", i.Unasked)
	counted("counter", "unended_total", "Sessions that were ended here and that Immich did not end when it was asked to.", "", i.Unended)
	counted("counter", "sessions_started_total", "Sign-ins.", "", s.Started)
	counted("counter", "sessions_ended_total", "Sessions that were ended.", "", s.Revoked+s.Expired)
	counted("counter", "store_errors_total", "Calls of the database that failed.", "", s.StoreErrors)
	counted("counter", "cache_answers_total", "Reads of a session.", `{from="copy"}`, c.Hits, `{from="database"}`, c.Misses)
	counted("gauge", "connections_open", "Requests and connections that are open on a session.", "", s.Open)
	counted("gauge", "visits_waiting", "Visits that wait to be written.", "", s.Waiting)
	return b.String()
}
