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
	"io"
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
	name := flag.String("rule", "", "gitlab, mastodon, discourse or okta; else the library")
	preset := flag.String("preset", "", "of the library: calm or precise")
	labels := flag.String("labels", "", "labels of the trace, for intruders that come back")
	flag.Parse()
	if err := run(*trace, *answers, *labels, *name, risk.Preset(*preset)); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

func run(trace, answers, labels, name string, preset risk.Preset) error {
	in, err := os.Open(trace)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(answers)
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 1<<20)
	ru, err := choose(name, preset)
	if err != nil {
		return err
	}
	o, _ := ru.(*ours)
	if o != nil && labels != "" {
		if o.intruders, err = intruders(labels); err != nil {
			return err
		}
	}
	if err := replay(bufio.NewReaderSize(in, 1<<20), w, ru); err != nil {
		return err
	}
	if o != nil && o.asked > 0 {
		fmt.Printf("largest profile %d bytes, %v an assessment, encoded forms included\n", o.largest, o.spent/time.Duration(o.asked))
		fmt.Printf("intruders told again the next day: %d of %d\n", o.back.seen, o.back.n)
	}
	return w.Flush()
}

// intruders returns the records in which somebody else signs in.
func intruders(labels string) (map[int]bool, error) {
	f, err := os.Open(labels)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found := map[int]bool{}
	for dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<20)); dec.More(); {
		var l label
		if err := dec.Decode(&l); err != nil {
			return nil, err
		}
		found[l.ID] = l.Class != "legit" && l.Hist > 0
	}
	return found, nil
}

func choose(name string, preset risk.Preset) (rule, error) {
	switch name {
	case "":
		return newOurs(preset)
	case "gitlab":
		return newOther(gitlab), nil
	case "mastodon":
		return newOther(mastodon), nil
	case "discourse":
		return newOther(discourse), nil
	case "okta":
		return newOther(okta), nil
	}
	return nil, fmt.Errorf("unknown rule %q", name)
}

func replay(in io.Reader, out io.Writer, ru rule) error {
	dec, enc := json.NewDecoder(in), json.NewEncoder(out)
	for dec.More() {
		var r record
		if err := dec.Decode(&r); err != nil {
			return err
		}
		var a answer
		var err error
		switch r.Op {
		case "score", "learn":
			a, err = ru.signIn(&r, r.Op == "learn")
		case "scoretouch", "touch":
			a, err = ru.move(&r, r.Op == "touch")
		case "end":
			ru.end(&r)
		}
		if err == nil && (r.Op == "score" || r.Op == "scoretouch") {
			err = enc.Encode(a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
