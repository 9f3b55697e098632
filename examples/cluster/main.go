// Cluster is the quickstart's site in three processes behind a round-robin
// proxy, over one database: sign in on one, sign out on another, and what is
// open on the third ends.
//
//	go run -C examples/cluster .                                        SQLite, and a poller
//	go run -C examples/cluster . -db postgres://user@host/database      and LISTEN/NOTIFY
//	go run -C examples/cluster . -db mysql://user:password@host/database
//	go run -C examples/cluster . -db redis://host                       and publish/subscribe
//
// The instances are processes of their own, which the program starts itself:
// what holds between goroutines holds there by other means, and one of them
// can be killed.
package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"os"
	"os/signal"

	"github.com/signedin/signedin/examples/internal/host"
)

type flags struct {
	db       string
	basePort int
	cached   bool
	instance string
}

func main() {
	var f flags
	flag.StringVar(&f.db, "db", "", "`database`: a SQLite file, or a URL that begins with postgres, mysql or redis (default: signedin/cluster.db in your directory for state, such as ~/.local/state)")
	flag.IntVar(&f.basePort, "base-port", 8080, "`port` of the proxy; the instances have the three after it, or all have any that are free if it is 0")
	flag.BoolVar(&f.cached, "cached", false, "keep copies of sessions in each instance: fewer reads, and another one may be late by moments")
	flag.StringVar(&f.instance, "instance", "", "be one instance on this `address`, until standard input ends: what the program starts itself as")
	host.Main("cluster", func(ctx context.Context) error {
		log := slog.New(slog.NewTextHandler(os.Stderr, nil))
		if f.instance != "" {
			// A Ctrl-C comes to every process of a terminal: the one that started
			// us ends us, when it has heard of it.
			signal.Ignore(os.Interrupt)
			return serveInstance(untilEOF(ctx, os.Stdin), f, os.Stdout, log)
		}
		return serveCluster(ctx, f, os.Stdout, log)
	})
}

// untilEOF returns a context that also ends when in does: with the program
// that holds the other end, however that ends.
func untilEOF(ctx context.Context, in io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in)
	}()
	return ctx
}
