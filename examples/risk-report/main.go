// Risk-report replays sign-ins of the past through package risk and prints what
// would have been flagged, so that a host chooses a preset before it mails
// anyone. Nothing is stored and nobody is told.
//
//	go run ./examples/risk-report -trace ./examples/risk-report/example.csv
//
// The trace is CSV whose first line names the columns, in any order, or JSON
// with one object a line. Times must not go backwards. These are read, and
// others passed over:
//
//	time          RFC 3339, or seconds since 1970
//	user          any name of the user that is not empty
//	ip            the client's address; empty if not known
//	user_agent    the User-Agent header; empty if not known
//	known_device  yes if the browser's device cookie was known, no if it was
//	              not; empty is judged as no, and flags more than it will be
//	outcome       ok, or failed for a wrong password; empty is ok
//
// A line that cannot be used is told with its number and left out; the program
// goes on, and ends with status 1. Memory grows with the users, by some 4 kB
// each, and not with the lines.
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
	if err := run(context.Background(), *trace, *cityDB, *list, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "risk-report:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, trace, cityDB string, list int, stdout, stderr io.Writer) error {
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
	bad := 0
	err = read(in, func(line int, s signIn, err error) error {
		if err == nil {
			err = r.inOrder(s)
		}
		if err != nil {
			bad++
			fmt.Fprintf(stderr, "line %d: %v\n", line, err)
			return nil
		}
		return r.add(ctx, s)
	})
	if err != nil {
		return fmt.Errorf("-trace: %w", err)
	}
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
