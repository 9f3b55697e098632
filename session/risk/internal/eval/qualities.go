package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/signedin/signedin/session/notice"
)

// outcome is what the library did with one quality of place data.
type outcome struct {
	signIns, moves tally // at alert or above
	own            *ours
	span           *span
}

// compareQualities prints what the library does with each quality of place
// data, with a device cookie and without.
func compareQualities(trace, labels string, out io.Writer) error {
	if labels == "" {
		return errors.New("-qualities needs -labels")
	}
	truth, err := readLabels(labels)
	if err != nil {
		return err
	}
	header(out, "place data", "own", "naive / VPN / targeted / proxy", "alarms of live sessions", "stolen: other browser / abroad / same country", "paused", "mails", "sign-in / alert / move / more", "most", "without a device cookie: own", "naive", "mails")
	var said []string // of the reasons
	for _, q := range qualities {
		with, err := judgeAll(trace, truth, q, false)
		if err != nil {
			return err
		}
		without, err := judgeAll(trace, truth, q, true)
		if err != nil {
			return err
		}
		with.print(out, q)
		fmt.Fprintf(out, "%.2f %% | %.1f %% | %.2f |\n", without.signIns.ownShare(), without.signIns.share("naive"), without.year(without.own.mails.total()))
		said = append(said, fmt.Sprintf("%s: %v", q, with.own.truths))
	}
	fmt.Fprintf(out, "\n%s\n", strings.Join(said, "\n"))
	return nil
}

func (o *outcome) year(n int) float64 { return float64(n) / o.span.years() }

func (o *outcome) print(out io.Writer, q quality) {
	k := o.own.mails.kinds
	most := 0
	for _, n := range o.own.mails.of {
		most = max(most, n)
	}
	fmt.Fprintf(out, "| %s | %.2f %% | %.1f / %.1f / %.1f / %.1f | %.2f | %.1f / %.1f / %.1f | %.3f | %.2f | %.2f / %.2f / %.2f / %.2f | %d | ",
		q, o.signIns.ownShare(), o.signIns.share("naive"), o.signIns.share("vpn"), o.signIns.share("targeted"), o.signIns.share("phish"),
		o.year(o.moves.flagged), o.moves.share("theft-ua"), o.moves.share("theft-country"), o.moves.share("theft-same"),
		o.year(o.own.paused), o.year(o.own.mails.total()),
		o.year(k[notice.KindSignIn]), o.year(k[notice.KindAlert]), o.year(k[notice.KindMove]), o.year(k[notice.KindMore]), most)
}

// judgeAll replays the trace with one quality of place data.
func judgeAll(trace string, truth map[int]label, q quality, foreign bool) (*outcome, error) {
	own, err := newOurs("", foreign)
	if err != nil {
		return nil, err
	}
	o := &outcome{signIns: newTally(), moves: newTally(), own: own, span: &span{people: map[int]bool{}}}
	err = replay(trace, q, []rule{own}, func(_ int, r *record, a answer) error {
		o.span.see(r)
		told := slices.Index(levels[:], a.Level) >= slices.Index(levels[:], "alert")
		switch l := truth[r.ID]; {
		case r.isMove():
			o.moves.add(r.User, l.Class, told)
		case l.Hist > 0: // not the first sign-in of all
			o.signIns.add(r.User, l.Class, told)
		}
		return nil
	})
	return o, err
}

func newTally() tally { return tally{alarmed: map[int]bool{}, told: map[string]map[int]*count{}} }

// ownShare returns the percentage of the users' own that is told.
func (t *tally) ownShare() float64 { return 100 * float64(t.flagged) / float64(max(1, t.own)) }

func (s *span) see(r *record) {
	s.people[r.User] = true
	s.first, s.last = cmp.Or(s.first, r.T), r.T
}
