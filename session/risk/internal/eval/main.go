// Eval answers a trace of the evaluation with the library, or with the rule of
// somebody else, as far as that is described. It reads the records as lines of
// JSON from -trace, writes the answers to -answers, and does not see what is
// true. With -labels it also lets the intruders in that it has told, and counts
// how many it tells again when they come back the next day.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/signedin/signedin/session/risk"
)

// A rule answers the records of a trace. What is to be learnt has been
// answered just before.
type rule interface {
	signIn(r *record, learn bool) (answer, error)
	move(r *record, learn bool) (answer, error)
	end(r *record)
}

func main() {
	trace := flag.String("trace", "trace.jsonl", "records to answer")
	answers := flag.String("answers", "answers.jsonl", "file for the answers")
	name := flag.String("rule", "", "gitlab, mastodon, discourse, okta, country or spatie; else the library")
	preset := flag.String("preset", "", "of the library: calm or precise")
	data := flag.String("data", string(qualityAll), "the place data that there is: all, centres, asn, city or countries")
	foreign := flag.Bool("foreign", false, "the sessions are of a carrier that can have no device cookie")
	four := flag.Bool("qualities", false, "print what the library does with each quality of place data, by the labels")
	labels := flag.String("labels", "", "labels of the trace, for intruders that come back")
	compare := flag.Bool("table", false, "print the rules of others beside the library's, by the labels")
	flag.Parse()
	var err error
	q := quality(*data)
	switch err = q.check(); {
	case err != nil:
	case *four:
		err = compareQualities(*trace, *labels, os.Stdout)
	case *compare:
		err = table(*trace, *labels, q, os.Stdout)
	default:
		err = run(*trace, *answers, *labels, *name, risk.Preset(*preset), q, *foreign)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

func run(trace, answers, labels, name string, preset risk.Preset, q quality, foreign bool) error {
	out, err := os.Create(answers)
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 1<<20)
	ru, err := choose(name, preset, foreign)
	if err != nil {
		return err
	}
	o, _ := ru.(*ours)
	if o != nil && labels != "" {
		if o.intruders, err = intruders(labels); err != nil {
			return err
		}
	}
	enc := json.NewEncoder(w)
	err = replay(trace, q, []rule{ru}, func(_ int, _ *record, a answer) error { return enc.Encode(a) })
	if err != nil {
		return err
	}
	if o != nil && o.asked > 0 {
		fmt.Printf("largest profile %d bytes, %v an assessment, encoded forms included\n", o.largest, o.spent/time.Duration(o.asked))
		fmt.Println(o.truths)
		fmt.Printf("intruders told again the next day: %d of %d\n", o.back.seen, o.back.n)
	}
	return w.Flush()
}

// intruders returns the records in which somebody else signs in.
func intruders(file string) (map[int]bool, error) {
	labels, err := readLabels(file)
	found := map[int]bool{}
	for id, l := range labels {
		found[id] = l.Class != "legit" && l.Hist > 0
	}
	return found, err
}

func readLabels(file string) (map[int]label, error) {
	all := map[int]label{}
	err := readLines(file, func(l *label) error {
		all[l.ID] = *l
		return nil
	})
	return all, err
}

// readLines calls f with each line of JSON.
func readLines[T any](file string, f func(*T) error) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	for dec := json.NewDecoder(bufio.NewReaderSize(in, 1<<20)); dec.More(); {
		var x T
		if err := dec.Decode(&x); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := f(&x); err != nil {
			return err
		}
	}
	return nil
}

func choose(name string, preset risk.Preset, foreign bool) (rule, error) {
	switch name {
	case "":
		return newOurs(preset, foreign)
	case "gitlab":
		return newOther(gitlab), nil
	case "mastodon":
		return newOther(mastodon), nil
	case "discourse":
		return newOther(discourse), nil
	case "okta":
		return newOther(okta), nil
	case "country":
		return newOther(country), nil
	case "spatie":
		return newOther(spatie), nil
	}
	return nil, fmt.Errorf("unknown rule %q", name)
}

// replay has rules answer a trace, of which they see as much of the places as q
// says, and calls each with the answers.
func replay(trace string, q quality, rules []rule, each func(i int, r *record, a answer) error) error {
	return readLines(trace, func(r *record) error {
		r.Geo = q.of(r.Geo)
		for i, ru := range rules {
			var a answer
			var err error
			switch r.Op {
			case "score", "learn":
				a, err = ru.signIn(r, r.Op == "learn")
			case "scoretouch", "touch":
				a, err = ru.move(r, r.Op == "touch")
			case "end":
				ru.end(r)
			}
			if err == nil && r.isAsked() {
				err = each(i, r, a)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
