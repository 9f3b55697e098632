package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
)

var levels = [...]string{"none", "notice", "alert", "high"}

// print writes the report. A user's first sign-in is never judged, and so is
// not counted among those of which a share is flagged.
func (r *report) print(out io.Writer, places string) {
	const day = "2 Jan 2006"
	judged, years := r.signIns-len(r.began), r.years()
	fmt.Fprintf(out, "%d sign-ins of %d users, %s to %s: %.1f years of one person.\n", r.signIns, len(r.began), r.first.Format(day), r.last.Format(day), years)
	fmt.Fprintf(out, "%d of them have one before and are judged; %d wrong passwords.\nPlaces: %s\n\n", judged, r.failed, places)

	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "preset\tlevel\tflagged\tshare\ta person and year\tusers\n")
	for i, s := range r.shadows {
		for level := session.LevelNotice; level <= session.LevelHigh; level++ {
			fmt.Fprintf(w, "%s\t%s or above\t%d\t%s\t%s\t%d\n", cmp.Or(string(presets[i]), "default"), levels[level],
				s.levels[level], share(s.levels[level], judged), rate(s.levels[level], years), len(s.users[level]))
		}
	}
	fmt.Fprint(w, "\npreset\te-mails\ta month\ta person and year\tof sign-ins\talerts\tof live sessions\n")
	for i, s := range r.shadows {
		n, k := s.mails.total(), s.mails.kinds
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%d\t%d\n", cmp.Or(string(presets[i]), "default"), n, rate(n, r.last.Sub(r.first).Hours()/24/365*12), rate(n, years),
			k[notice.KindSignIn], k[notice.KindAlert], k[notice.KindMove])
	}
	fmt.Fprint(w, "\nreason\tdefault\tcalm\tprecise\n")
	for _, code := range r.codes() {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", code, r.shadows[0].reasons[code], r.shadows[1].reasons[code], r.shadows[2].reasons[code])
	}
	w.Flush()
	r.printFlagged(out)
}

func share(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(of))
}

// rate leaves out what would say nothing, of a few days.
func rate(n int, years float64) string {
	if years < .1 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(n)/years)
}

// codes returns the reasons that were given, the most frequent first.
func (r *report) codes() []string {
	all := map[string]bool{}
	for _, s := range r.shadows {
		for code := range s.reasons {
			all[code] = true
		}
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(r.shadows[0].reasons[b]-r.shadows[0].reasons[a], cmp.Compare(a, b))
	})
}

func (r *report) printFlagged(out io.Writer) {
	all := r.shadows[0].levels[session.LevelNotice]
	if len(r.flagged) == 0 {
		return
	}
	fmt.Fprintf(out, "\nFlagged by the default preset, the worst and latest first (%d of %d):\n", len(r.flagged), all)
	for _, f := range r.flagged {
		fmt.Fprintf(out, "\n%s  %s  %q\n", f.at.Format(time.DateTime+" UTC"), levels[f.level], f.user)
		for _, s := range f.signals {
			fmt.Fprintf(out, "  - %s\n", s.Text)
		}
	}
}
