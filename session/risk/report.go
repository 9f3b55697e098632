package risk

import (
	"slices"
	"sync/atomic"

	"github.com/signedin/signedin/session"
)

// A Report counts what an Assessor has found since it was made, in this process.
// While the site is in watch mode ([session.Config.WatchMode]) it says what people
// would have been told of, at most: notice.Sender, which tells a cause once in seven
// days, counts its mails.
type Report struct {
	SignIns, Moves Counts
	// Reasons are how often each code was a reason, by a level above
	// [session.LevelNone]. The host's own are counted as "ext".
	Reasons map[string]int64
}

// Counts are visits by what was found of them. People are told of sign-ins from
// Notice on, and of moves from Alert on.
type Counts struct{ None, Notice, Alert, High int64 }

// reported are the codes that a Report counts.
var reported = append(slices.Clone(reasonCodes[:]), codeHour, codeDeviceSuspect, codeDenied, codeCopied)

// maxReported bounds them, and the host's beside them.
const maxReported = 32

// reports counts what an Assessor finds.
type reports struct {
	levels  [2][session.LevelHigh + 1]atomic.Int64 // of moves, and of sign-ins
	reasons [maxReported]atomic.Int64              // the last: the host's
}

func (r *reports) add(signIn bool, v *session.Verdict) {
	r.levels[flag(signIn, 1)][min(v.Level, session.LevelHigh)].Add(1)
	if v.Level == session.LevelNone {
		return
	}
	for i := range v.Signals {
		n := slices.Index(reported, v.Signals[i].Code)
		if n < 0 {
			n = maxReported - 1
		}
		r.reasons[n].Add(1)
	}
}

// Report returns the counts so far.
func (a *Assessor) Report() Report {
	counts := func(of *[session.LevelHigh + 1]atomic.Int64) Counts {
		return Counts{of[0].Load(), of[1].Load(), of[2].Load(), of[3].Load()}
	}
	out := Report{Moves: counts(&a.reports.levels[0]), SignIns: counts(&a.reports.levels[1]), Reasons: make(map[string]int64)}
	for i := range a.reports.reasons {
		code := "ext"
		if i < len(reported) {
			code = reported[i]
		}
		if n := a.reports.reasons[i].Load(); n > 0 {
			out.Reasons[code] = n
		}
	}
	return out
}
