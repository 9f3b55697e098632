package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves what an instance counts, for Prometheus.
func (i *instance) metrics() http.Handler {
	all := prometheus.NewRegistry()
	all.MustRegister(i, collectors.NewGoCollector())
	if i.pool != nil {
		all.MustRegister(collectors.NewDBStatsCollector(i.pool, "sessions"))
	}
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{})
}

var _ prometheus.Collector = (*instance)(nil)

// Describe says nothing: what there is, depends.
func (i *instance) Describe(chan<- *prometheus.Desc) {}

// Collect takes the counts when they are asked for.
func (i *instance) Collect(to chan<- prometheus.Metric) {
	s := i.manager.Stats()
	counter, gauge := prometheus.CounterValue, prometheus.GaugeValue
	metric(to, counter, "sessions_started_total", "Sign-ins.", s.Started)
	metric(to, counter, "sessions_ended_total", "Sessions ended by this instance.", s.Revoked, "why", "revoked")
	metric(to, counter, "sessions_ended_total", "Sessions ended by this instance.", s.Expired, "why", "expired")
	for why, n := range map[string]int64{
		"revoked": s.Refused - s.RefusedExpired, "expired": s.RefusedExpired,
		"unknown": s.Unknown, "forged": s.Forged, "reused": s.Reused, "disabled": s.Disabled,
	} {
		metric(to, counter, "credentials_refused_total", "Credentials that did not sign anybody in.", n, "why", why)
	}
	metric(to, counter, "store_errors_total", "Calls of the store that failed: requests were answered 503.", s.StoreErrors)
	metric(to, counter, "visits_written_total", "Visits written.", s.Touches)
	metric(to, gauge, "visits_waiting", "Visits that wait to be written.", s.Waiting)
	metric(to, gauge, "connections_open", "Requests and connections open on a session.", s.Open)
	if i.cache == nil {
		return
	}
	c := i.cache.Stats()
	metric(to, counter, "cache_answers_total", "Reads of a session.", c.Hits, "from", "copy")
	metric(to, counter, "cache_answers_total", "Reads of a session.", c.Misses, "from", "database")
	metric(to, gauge, "cache_sessions", "Copies that are held.", c.Size)
	metric(to, counter, "bus_missed_total", "Times that the bus may have lost messages, the start included.", c.Missed)
	metric(to, gauge, "cache_lease_seconds", "How long copies are believed if the bus stays silent; 0 if they are not.", c.Lease.Seconds())
}

func metric[N int | int64 | float64](to chan<- prometheus.Metric, kind prometheus.ValueType, name, help string, n N, label ...string) {
	var labels prometheus.Labels
	if len(label) == 2 {
		labels = prometheus.Labels{label[0]: label[1]}
	}
	desc := prometheus.NewDesc("signedin_"+name, help, nil, labels)
	to <- prometheus.MustNewConstMetric(desc, kind, float64(n))
}
