// Risk-report replays sign-ins of the past through package risk and prints what
// would have been flagged, so that a host chooses a preset before it mails
// anyone. Nothing is stored and nobody is told.
//
//	go run ./examples/risk-report -trace ./examples/risk-report/example.csv
//
// The trace is CSV whose first line names the columns, JSON (one object a line, or
// an array), or an access log in the combined format of nginx and Apache, compressed
// with gzip or not. These
// are read, in any order and by the names that Nextcloud, GitLab, Keycloak and
// Caddy have for them, or by those that the flags give:
//
//	time          RFC 3339, with a space, of a mail, with dots, or seconds since 1970
//	user          any name of the user that is not empty
//	ip            the client's address, with a port too; empty if not known
//	user_agent    the User-Agent header; empty if not known
//	known_device  yes if the browser's device cookie was known, no if it was
//	              not; empty is judged as no, and flags more than it will be
//	outcome       ok, or failed for a wrong password; empty is ok, unless a
//	              message, action or type says it in words
//
// The other columns are named and passed over. An export in which no line has an
// address, or a User-Agent, is refused, unless the flag for it says none. Of an
// access log, the first request of a device is taken for its sign-in, and the
// others for what its session does.
//
// A line that cannot be used is told with its number, up to ten, and left out; the
// program goes on, and ends with status 1. All lines are kept in memory until they
// are sorted by time, some 150 bytes each.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/geo/embedded"
	"github.com/signedin/signedin/geo/maxmind"
)

func main() {
	trace := flag.String("trace", "", "`file` of sign-ins; - is the standard input")
	cityDB := flag.String("city-db", "", "city database in MaxMind's format, a .mmdb `file` (default: countries only)")
	list := flag.Int("list", 20, "how many of what is flagged to list")
	given := map[string]string{}
	for _, column := range columns {
		flag.Func(flagOf(column), "the `name` of the column "+column+", or none", func(name string) error {
			given[column] = name
			return nil
		})
	}
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "risk-report: %q is not a flag\n", flag.Arg(0))
		os.Exit(2)
	}
	if *trace == "" {
		fmt.Fprintln(os.Stderr, "risk-report: give -trace, a file of sign-ins")
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), *trace, *cityDB, *list, given, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "risk-report:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, trace, cityDB string, list int, given map[string]string, stdout, stderr io.Writer) error {
	in := os.Stdin
	if trace != "-" {
		file, err := os.Open(trace)
		if err != nil {
			return fmt.Errorf("-trace: %w", err)
		}
		defer file.Close()
		in = file
	}
	locator, places, err := openPlaces(cityDB)
	if err != nil {
		return err
	}
	r, err := newReport(locator, list)
	if err != nil {
		return err
	}
	l := loaded{stderr: stderr, names: newNames(given)}
	if err := read(in, l.names, l.add); err != nil {
		return fmt.Errorf("-trace: %w", err)
	}
	if err := l.finish(); err != nil {
		return fmt.Errorf("-trace: %w", err)
	}
	for i, e := range l.events {
		if err := r.add(ctx, e); err != nil {
			return err
		}
		if (i+1)%progress == 0 {
			fmt.Fprintf(stderr, "%d of %d lines judged\n", i+1, len(l.events))
		}
	}
	bad := l.bad
	if r.signIns == 0 {
		return fmt.Errorf("-trace: there is no sign-in in it; %d lines could not be used", bad)
	}
	r.print(stdout, places)
	if bad > 0 {
		return fmt.Errorf("%d lines could not be used and are not in the report", bad)
	}
	return nil
}

// openPlaces returns what knows places, and what to say of it.
func openPlaces(cityDB string) (geo.Locator, string, error) {
	if cityDB == "" {
		return embedded.New(), "countries only: distances and data centres are not known. " + embedded.Attribution, nil
	}
	cities, err := maxmind.New(cityDB, maxmind.Config{})
	if err != nil {
		return nil, "", fmt.Errorf("-city-db: %w", err)
	}
	return geo.Combine(cities, embedded.New()), "those of -city-db, and countries. " + embedded.Attribution, nil
}
