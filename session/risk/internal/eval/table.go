package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/signedin/signedin/session/risk"
)

// row is one line of the table: a rule, from one of its levels on.
type row struct {
	name  string
	rule  string
	of    risk.Preset
	level string
	tally
}

func rows() []*row {
	return []*row{
		{name: "GitLab: address not of the last sign-in or a live session", rule: "gitlab", level: "alert"},
		{name: "Mastodon: /16 never seen", rule: "mastodon", level: "alert"},
		{name: "Discourse: 500 km from all before", rule: "discourse", level: "alert"},
		{name: "a country never seen", rule: "country", level: "alert"},
		{name: "Okta: faster than 805 km/h", rule: "okta", level: "alert"},
		{name: "Spatie: 35 points for device, address, country", rule: "spatie", level: "alert"},
		{name: "**notice or above**", level: "notice"},
		{name: "**alert or above**", level: "alert"},
		{name: "**alert or above, calm**", of: risk.PresetCalm, level: "alert"},
		{name: "**alert or above, precise**", of: risk.PresetPrecise, level: "alert"},
		{name: "**high**", level: "high"},
	}
}

// tally counts who is told. Each victim counts the same, however often they are
// attacked.
type tally struct {
	own, flagged int
	alarmed      map[int]bool
	told         map[string]map[int]*count // class, user
}

type count struct{ n, told int }

func (t *tally) add(user int, class string, told bool) {
	if class == "legit" {
		t.own++
		if told {
			t.flagged++
			t.alarmed[user] = true
		}
		return
	}
	if t.told[class] == nil {
		t.told[class] = map[int]*count{}
	}
	c := t.told[class][user]
	if c == nil {
		c = new(count)
		t.told[class][user] = c
	}
	if c.n++; told {
		c.told++
	}
}

// share returns the percentage of a class that is told.
func (t *tally) share(class string) float64 {
	sum := 0.0
	for _, c := range t.told[class] {
		sum += float64(c.told) / float64(c.n)
	}
	return 100 * sum / float64(max(1, len(t.told[class])))
}

// span is how many people the trace is about, and for how long.
type span struct {
	people      map[int]bool
	first, last int64
}

func (s *span) years() float64 {
	return float64(len(s.people)) * float64(s.last-s.first) / 86400 / 365
}

// table prints all rules side by side, for sign-ins and for live sessions.
func table(trace, labels string, q quality, out io.Writer) error {
	if labels == "" {
		return errors.New("-table needs -labels")
	}
	truth, err := readLabels(labels)
	if err != nil {
		return err
	}
	signIns, moves, span, err := compare(trace, truth, q)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d people, %.0f years of one person.\n\n", len(span.people), span.years())
	header(out, "rule", "own", "a person and year", "people", "naive", "VPN", "targeted", "proxy", "neighbour")
	for _, r := range signIns {
		r.print(out, span, "naive", "vpn", "targeted", "phish", "verytargeted")
	}
	fmt.Fprintln(out)
	header(out, "live sessions", "own", "a person and year", "people", "other browser", "abroad", "same country")
	for _, r := range moves {
		if r.rule == "" {
			r.print(out, span, "theft-ua", "theft-country", "theft-same")
		}
	}
	return nil
}

// compare replays the trace once, with each rule beside the others.
func compare(trace string, truth map[int]label, q quality) (signIns, moves []*row, s *span, err error) {
	signIns, moves, s = rows(), rows(), &span{people: map[int]bool{}}
	rules := make([]rule, len(signIns))
	for i, r := range signIns {
		if rules[i], err = choose(r.rule, r.of, false); err != nil {
			return nil, nil, nil, err
		}
		for _, r := range []*row{r, moves[i]} {
			r.tally = newTally()
		}
	}
	err = replay(trace, q, rules, func(i int, r *record, a answer) error {
		s.see(r)
		l, row := truth[r.ID], signIns[i]
		if r.isMove() {
			row = moves[i]
		} else if l.Hist == 0 {
			return nil // the first sign-in of all
		}
		row.add(r.User, l.Class, slices.Index(levels[:], a.Level) >= slices.Index(levels[:], row.level))
		return nil
	})
	return signIns, moves, s, err
}

func header(out io.Writer, names ...string) {
	for _, n := range names {
		fmt.Fprintf(out, "| %s ", n)
	}
	fmt.Fprintln(out, "|")
	for range names {
		fmt.Fprint(out, "|---")
	}
	fmt.Fprintln(out, "|")
}

func (r *row) print(out io.Writer, s *span, classes ...string) {
	fmt.Fprintf(out, "| %s | %.2f %% | %.2f | %.0f %% ", r.name, r.ownShare(),
		float64(r.flagged)/s.years(), 100*float64(len(r.alarmed))/float64(max(1, len(s.people))))
	for _, c := range classes {
		fmt.Fprintf(out, "| %.1f %% ", r.share(c))
	}
	fmt.Fprintln(out, "|")
}
