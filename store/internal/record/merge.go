package record

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/signedin/signedin/session"
)

// Merge returns the ended sessions that q asks for, of those that are marked and
// those that a bump has ended and that were not marked when they were read: they
// may be among the others too by now.
func Merge(q session.Query, marked, unmarked []*session.Session) []*session.Session {
	have := make(map[session.ID]bool, len(marked))
	for _, s := range marked {
		have[s.ID] = true
	}
	order := func(a, b *session.Session) int {
		c := cmp.Or(b.Ended.At.Compare(a.Ended.At), bytes.Compare(b.ID[:], a.ID[:]))
		if q.Oldest {
			return -c
		}
		return c
	}
	for _, s := range unmarked {
		if !have[s.ID] && (q.After == nil || q.After.Ended == nil || order(s, q.After) > 0) {
			marked = append(marked, s)
		}
	}
	slices.SortFunc(marked, order)
	if q.Limit > 0 && len(marked) > q.Limit {
		marked = marked[:q.Limit]
	}
	return marked
}
