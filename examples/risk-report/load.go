package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	// maxTold is how many lines that cannot be used are told one by one.
	maxTold = 10
	// progress is after how many lines a long run says how far it is.
	progress = 100_000
)

// loaded is what was read of a trace.
type loaded struct {
	stderr io.Writer
	names  *names
	events []event

	lines, bad, others       int
	withAddress, withBrowser int
}

// add takes a line, or says what is wrong with it.
func (l *loaded) add(line int, e event, err error) error {
	if l.lines++; l.lines%progress == 0 {
		fmt.Fprintf(l.stderr, "%d lines read\n", l.lines)
	}
	switch {
	case errors.Is(err, errNoSignIn):
		l.others++
	case err != nil:
		if l.bad++; l.bad <= maxTold {
			fmt.Fprintf(l.stderr, "line %d: %v\n", line, err)
		}
	default:
		if e.ip.IsValid() {
			l.withAddress++
		}
		if e.userAgent != "" {
			l.withBrowser++
		}
		l.events = append(l.events, e)
	}
	return nil
}

// finish sorts the lines, and says what was passed over. It returns an error if
// what was read is not enough to say anything of.
func (l *loaded) finish() error {
	if l.bad > maxTold {
		fmt.Fprintf(l.stderr, "and %d more lines that cannot be used\n", l.bad-maxTold)
	}
	if l.others > 0 {
		fmt.Fprintf(l.stderr, "%d lines are not about a sign-in of a user\n", l.others)
	}
	if all := l.names.passedOver(); len(all) > 0 {
		fmt.Fprintf(l.stderr, "columns passed over: %s\n", strings.Join(all, ", "))
	}
	for column, given := range l.names.given {
		if l.names.found[column] == "" && len(l.names.seen) > 0 {
			return fmt.Errorf("no column %q, which -%s names; it has %s", given, flagOf(column), l.names.list())
		}
	}
	if len(l.events) > 0 {
		for _, c := range []struct {
			column, what string
			n            int
		}{{"ip", "an address", l.withAddress}, {"user_agent", "a User-Agent", l.withBrowser}} {
			if c.n == 0 && l.names.given[c.column] != none {
				return fmt.Errorf("no line has %s, without which nothing could be flagged; name its column with -%s, or say -%s %s", c.what, flagOf(c.column), flagOf(c.column), none)
			}
		}
	}
	slices.SortStableFunc(l.events, func(a, b event) int { return a.at.Compare(b.at) })
	return nil
}
