package activity

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
)

const (
	perPage = 50 // sessions, of the page and of the API
	// maxTogether is how many that cannot be told apart stand as rows of their
	// own.
	maxTogether = 3
	// fewEnough is up to how many others nobody has to search.
	fewEnough = 20
)

var errCursor = problemError{"bad-cursor", "the page of the list that is asked for is none"}

// listing is one page of a user's live sessions, in the order in which it is
// shown.
type listing struct {
	me      *session.Session
	current []*session.Session // the one that asks; none if it has ended meanwhile
	flagged []*session.Session // others that need a look
	rest    []*session.Session
	total   int    // others, on all pages
	found   int    // of them, by the search
	search  string // "" if nothing is searched for
	after   string // the cursor of this page
	next    string // and of the next one, "" if it is the last
}

// listing returns the page that r asks for. The session that asks and those
// that need a look stand on the first one. In doubt itself, it learns nothing of
// others, not even by their order.
func (h *Handler) listing(r *http.Request, me *session.Session) (*listing, error) {
	q := r.URL.Query()
	l := &listing{me: me, after: q.Get("after"), search: strings.TrimSpace(q.Get("q"))}
	after, err := parseCursor(l.after)
	if err != nil {
		return nil, err
	}
	if l.search != "" || !me.Believed() {
		return l, h.among(r, l, after)
	}
	page, err := h.manager.ListPage(r.Context(), me.UserID, after, perPage)
	if err != nil {
		return nil, err
	}
	l.total, l.found = max(0, page.Total-1), max(0, page.Total-1)
	rest := page.Sessions
	if page.Next != nil || after != nil {
		sortBySignIn(rest) // as the pages follow each other
	}
	if page.Next != nil {
		l.next = cursorText(*page.Next)
	}
	here := slices.ContainsFunc(rest, func(s *session.Session) bool { return s.ID == me.ID })
	if after == nil && page.Next != nil && !here {
		rest = append(rest, me) // signed in long ago
	}
	looks := rest
	if after == nil && page.Next != nil {
		if looks, err = h.looks.of(h, r, me.UserID); err != nil {
			return nil, err
		}
	}
	now := h.manager.Now()
	flagged := make(map[session.ID]bool)
	for _, s := range looks {
		if s.ID != me.ID && ask(s, me, now).needsLook() {
			l.flagged, flagged[s.ID] = append(l.flagged, s), true
		}
	}
	for _, s := range rest {
		switch {
		case s.ID == me.ID && after == nil:
			l.current = append(l.current, s)
		case s.ID != me.ID && !flagged[s.ID]:
			l.rest = append(l.rest, s)
		}
	}
	return l, nil
}

// among looks through all sessions for those that are like what is searched for, if
// there is such. What is in doubt sees its others by the day, and what is of the same
// day in the order of IDs, which says nothing; so do the cursors.
func (h *Handler) among(r *http.Request, l *listing, after *session.Cursor) error {
	all, err := h.manager.List(r.Context(), l.me.UserID)
	if err != nil {
		return err
	}
	l.total = max(0, len(all)-1)
	for i, s := range all {
		if all[i] = seenBy(s, l.me); s.ID == l.me.ID && l.search == "" && after == nil {
			l.current = append(l.current, s)
		}
	}
	sortBySignIn(all)
	t := h.words(r)
	all = slices.DeleteFunc(all, func(s *session.Session) bool { return !t.isLike(s, l.search) || s.ID == l.me.ID })
	l.found = len(all)
	if after != nil {
		at := &session.Session{ID: after.ID, First: session.Visit{At: after.StartedAt}}
		i, there := slices.BinarySearchFunc(all, at, bySignIn)
		if there {
			i++
		}
		all = all[i:]
	}
	if len(all) > perPage {
		last := all[perPage-1]
		l.next = cursorText(session.Cursor{StartedAt: last.First.At, ID: last.ID})
		all = all[:perPage]
	}
	now := h.manager.Now()
	for _, s := range all {
		if ask(s, l.me, now).needsLook() {
			l.flagged = append(l.flagged, s)
		} else {
			l.rest = append(l.rest, s)
		}
	}
	return nil
}

func sortBySignIn(all []*session.Session) { slices.SortFunc(all, bySignIn) }

// bySignIn orders by sign-in, the latest first.
func bySignIn(a, b *session.Session) int {
	return cmp.Or(b.First.At.Compare(a.First.At), bytes.Compare(b.ID[:], a.ID[:]))
}

// isLike reports whether one of the things that are shown of s has text in it, in
// the user's language or in English.
func (t words) isLike(s *session.Session, text string) bool {
	d := s.Last.Device
	for _, shown := range []string{
		t.in.Label(s), t.in.Device(d), t.label(s.Last.Location), s.Label(), d.Title(), d.Subtitle(), s.Last.Location.Label(), address(s.Last),
	} {
		if strings.Contains(strings.ToLower(shown), strings.ToLower(text)) {
			return true
		}
	}
	return false
}

// A section is what stands under one heading.
type section struct {
	ID, Heading string
	Items       []item
}

// An item is a device, or several that cannot be told apart.
type item struct {
	Row  *row
	Fold *fold
}

type fold struct {
	Label string
	Rows  []row
}

// fill sorts the listing under its headings.
func (v *view) fill(l *listing) {
	v.Others, v.Found, v.Search, v.MaySearch = l.total, l.found, l.search, l.total > fewEnough
	v.After, v.Next = l.after, l.next
	v.More = l.next != "" || l.after != ""
	for _, s := range l.current {
		v.Current = append(v.Current, v.row(s, l.me))
	}
	for _, s := range l.flagged {
		v.Flagged = append(v.Flagged, v.row(s, l.me))
	}
	v.Looks = len(v.Flagged)
	if len(v.Current) > 0 && v.Current[0].Look {
		v.Looks++
	}
	browsers, apps, programs, mixed := grouped(l.rest)
	heading := "apps"
	if mixed {
		heading = "apps and browsers"
	}
	v.section("browsers", "browsers", browsers, l.me)
	v.section("apps", heading, apps, l.me)
	v.section("programs", "programs", programs, l.me)
	v.unique()
}

// grouped sorts sessions into browsers, apps and programs. A browser stands
// below the app that is on the same model of phone, which is all that is known of
// them; mixed tells that there is such a one.
func grouped(all []*session.Session) (browsers, apps, programs []*session.Session, mixed bool) {
	withApp := make(map[string]bool)
	for _, s := range all {
		if d := s.Last.Device; isApp(s) && d.Model != "" {
			withApp[d.Model] = true
		}
	}
	beside := make(map[string][]*session.Session)
	for _, s := range all {
		switch d := s.Last.Device; {
		case d.Kind == device.KindCLI, d.Kind == device.KindBot:
			programs = append(programs, s)
		case isApp(s):
			apps = append(apps, s)
		case withApp[d.Model]:
			beside[d.Model] = append(beside[d.Model], s)
		default:
			browsers = append(browsers, s)
		}
	}
	if len(beside) == 0 {
		return browsers, apps, programs, false
	}
	last := make(map[string]*session.Session)
	for _, s := range apps {
		last[s.Last.Device.Model] = s
	}
	var together []*session.Session
	for _, s := range apps {
		together = append(together, s)
		if model := s.Last.Device.Model; last[model] == s {
			together = append(together, beside[model]...)
		}
	}
	return browsers, together, programs, true
}

// section adds a heading with rows under it, in which many that are called the
// same are one row that opens.
func (v *view) section(id, heading string, all []*session.Session, me *session.Session) {
	if len(all) == 0 {
		return
	}
	called := make(map[string]int)
	for _, s := range all {
		if s.Name == "" {
			called[v.in.Device(s.Last.Device)]++
		}
	}
	sec := section{ID: id, Heading: v.say(heading)}
	folds := make(map[string]*fold)
	for _, s := range all {
		title := v.in.Device(s.Last.Device)
		r := v.row(s, me)
		if s.Name != "" || called[title] <= maxTogether {
			sec.Items = append(sec.Items, item{Row: &r})
			continue
		}
		f := folds[title]
		if f == nil {
			f = &fold{Label: v.say("fold", title, called[title])}
			folds[title] = f
			sec.Items = append(sec.Items, item{Fold: f})
		}
		f.Rows = append(f.Rows, r)
	}
	v.Sections = append(v.Sections, sec)
}

// each calls f for every row of the list, in the order in which they stand.
func (v *view) each(f func(*row)) {
	for i := range v.Current {
		f(&v.Current[i])
	}
	for i := range v.Flagged {
		f(&v.Flagged[i])
	}
	for _, sec := range v.Sections {
		for _, it := range sec.Items {
			if it.Row != nil {
				f(it.Row)
				continue
			}
			for i := range it.Fold.Rows {
				f(&it.Fold.Rows[i])
			}
		}
	}
}

// unique sees to it that no two rows are called the same: two of the same name,
// or two that signed in at the same moment.
func (v *view) unique() {
	seen := make(map[string]int)
	n := 0
	v.each(func(r *row) {
		n++
		r.N = n
		if seen[r.Label]++; seen[r.Label] > 1 {
			r.Label = v.say("twin", r.Label, seen[r.Label])
		}
	})
	for i := range v.Ended { // which may be called the same: their moments tell them apart
		n++
		v.Ended[i].N = n
	}
}

// notice puts what was done where it was done: at the row, or where the row was.
func (v *view) notice(n note, l *listing, ended []*session.Session) {
	said := &notice{Text: v.say("notice." + n.Code), Warn: warnings[n.Code]}
	var subject *session.Session
	for _, s := range slices.Concat(l.current, l.flagged, l.rest, ended) {
		if s.ID == n.ID {
			subject = s
		}
	}
	switch {
	case n.Code == "signed-out-several":
		said.Text = v.count("notice.signed-out-one", "notice.signed-out-several", n.Count)
	case named[n.Code] && subject != nil:
		said.Text = v.say("notice."+n.Code, v.in.Label(subject))
	case named[n.Code]:
		said.Text = v.say("notice." + n.Code + ".unnamed")
	}
	if n.Code == "not-me" || n.Code == "not-me-elsewhere" {
		said.Link, said.Change = v.passwordURL, v.say("change password")
	}
	at := v.spot(subject)
	if at == nil {
		v.Notice = said
		return
	}
	at.Notice = said
}

// spot returns the row before which something is said of s, nil for the top.
func (v *view) spot(s *session.Session) (at *row) {
	if s == nil {
		return nil
	}
	v.each(func(r *row) {
		if r.ID == s.ID || s.Ended != nil && at == nil && !r.Current && !r.Look &&
			isApp(r.of) == isApp(s) && r.of.Last.At.Before(s.Last.At) {
			at = r
		}
	})
	return at
}

// errForm comes with 403.
var errForm = problemError{"bad-form", "form not made for this session"}

// A problemError is one with a code of its own.
type problemError struct{ code, text string }

func (e problemError) Error() string       { return e.text }
func (e problemError) ProblemCode() string { return e.code }
