package notice

import (
	_ "embed"
	html "html/template"
	"io"
	"slices"
	"strings"
	text "text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

var (
	//go:embed mail.txt
	mailText string
	//go:embed mail.html
	mailHTML string

	asText = text.Must(text.New("").Funcs(text.FuncMap{"wrap": wrap}).Parse(mailText))
	asHTML = html.Must(html.New("").Parse(mailHTML))
)

// writer writes to one user.
type writer struct {
	in        *locale.Locale
	zone      *time.Location // nil: that of the visit
	app, path fixed
	account   fixed
	url       string
}

// mail is what the templates are filled with.
type mail struct {
	Lang, Dir, Subject string
	Parts              []part
}

// part is a paragraph, and what it introduces.
type part struct {
	Text  string
	Items []string
	Link  string
}

// fill writes the texts of m.
func (w *writer) fill(m *Notice, e *session.Event, past past) {
	content := mail{Lang: w.in.Lang(), Dir: w.in.Dir()}
	switch m.Kind {
	case KindSignIn:
		content.Subject, content.Parts = w.signIn(e)
	case KindAlert:
		content.Subject, content.Parts = w.alert(e, past)
	case KindMove:
		content.Subject, content.Parts = w.move(e)
	case KindReused:
		content.Subject, content.Parts = w.reused(e)
	case KindCopied:
		content.Subject, content.Parts = w.copied(e)
	case KindPasswordChanged:
		content.Subject, content.Parts = w.passwordChanged(e, past)
	case KindDenied:
		content.Subject, content.Parts = w.denied(e)
	case KindMore:
		content.Subject, content.Parts = w.more()
	}
	content.Subject = oneLine(content.Subject)
	if w.account != "" {
		content.Parts = append(content.Parts, part{Text: w.say("account", w.account)})
	}
	content.Parts = append(content.Parts, part{Text: w.say("promise")})
	if m.Kind == KindSignIn {
		content.Parts = append(content.Parts, part{Text: w.say("sign-in.often")})
	}
	m.Subject = content.Subject
	m.Text = execute(asText, content)
	m.HTML = execute(asHTML, content)
}

func (w *writer) signIn(e *session.Event) (string, []part) {
	parts := []part{
		{Text: w.say("sign-in.what", w.app), Items: []string{w.moment(e.Session.First)}},
		{Text: w.say("sign-in.why"), Items: w.reasons(e.Verdict.Signals)},
		{Text: w.say("sign-in.you")},
		{Text: w.say("sign-in.not", w.app, w.path)},
	}
	if w.url != "" {
		parts = append(parts, part{Text: w.say("sign-in.link"), Link: w.url})
	}
	return w.say("sign-in.subject", w.app), parts
}

func (w *writer) alert(e *session.Event, past past) (string, []part) {
	parts := []part{
		{Text: w.say("alert.what", w.app), Items: w.reasons(e.Verdict.Signals)},
		{Text: w.say("alert.which"), Items: []string{w.moment(e.Session.First)}},
	}
	if s := past.before(e); s != nil {
		parts = append(parts, part{Text: w.say("alert.before"), Items: []string{w.moment(s.Last)}})
	}
	return w.say("alert.subject", w.app), append(parts,
		part{Text: w.say("alert.not", w.app, w.path)}, part{Text: w.say("alert.you")})
}

func (w *writer) move(e *session.Event) (string, []part) {
	if isTrip(e) {
		return w.trip(e)
	}
	parts := []part{
		{Text: w.say("move.what", w.app, w.label(e.Session))},
		{Text: w.say("move.why"), Items: w.reasons(e.Verdict.Signals)},
		{Text: w.say("move.which"), Items: []string{w.moment(*e.Visit)}},
	}
	you := "move.you"
	if e.Session.Restriction == session.RestrictionSuspended {
		parts, you = append(parts, part{Text: w.say("move.paused")}), "move.resume"
	}
	return w.say("move.subject", w.app), append(parts,
		part{Text: w.say("move.not", w.app, w.path)}, part{Text: w.say(you)})
}

// isTrip reports whether nothing is unusual about a move but the country.
func isTrip(e *session.Event) bool {
	abroad := false
	for _, x := range e.Verdict.Signals {
		abroad = abroad || x.Code == "country.new"
		if x.Args["countryCode"] == "" && x.Code != codeHour {
			return false
		}
	}
	return abroad && e.Session.Restriction == session.RestrictionNone
}

func (w *writer) trip(e *session.Event) (string, []part) {
	country := w.inSentence(e.Visit.Location)
	return w.say("trip.subject", w.app, country), []part{
		{Text: w.say("trip.what", w.label(e.Session), w.app, country), Items: []string{w.moment(*e.Visit)}},
		{Text: w.say("trip.you")},
		{Text: w.say("trip.not", w.app, w.path)},
	}
}

func (w *writer) reused(e *session.Event) (string, []part) {
	after := "reused.ended"
	if e.Session.Restriction == session.RestrictionSuspended {
		after = "reused.paused"
	}
	return w.say("reused.subject", w.app), []part{
		{Text: w.say("reused.what", w.app, w.label(e.Session))},
		{Text: w.say("reused.which"), Items: []string{w.moment(*e.Visit)}},
		{Text: w.say(after)}, {Text: w.say("reused.you")}, {Text: w.say("reused.not", w.app, w.path)},
	}
}

func (w *writer) copied(e *session.Event) (string, []part) {
	return w.say("reused.subject", w.app), []part{
		{Text: w.say("copied.what", w.app, w.label(e.Session))},
		{Text: w.say("reused.which"), Items: []string{w.moment(*e.Visit)}},
		{Text: w.say("copied.safe")}, {Text: w.say("reused.not", w.app, w.path)},
	}
}

func (w *writer) passwordChanged(e *session.Event, past past) (string, []part) {
	s := past.find(e.Ending.By)
	zone := w.zone
	if s != nil {
		zone = w.zoneOf(s.Last)
	}
	parts := []part{{Text: w.say("password.what", w.app, w.time(e.At, zone))}}
	if s != nil {
		where := s.Last
		where.At = e.At
		parts = append(parts, part{Text: w.say("password.which"), Items: []string{w.moment(where)}})
	}
	others := w.say("password.none")
	switch n := e.Count; {
	case n == 1:
		others = w.say("password.one")
	case n > 1:
		others = w.say("password.many", n)
	}
	return w.say("password.subject", w.app), append(parts,
		part{Text: others}, part{Text: w.say("password.you")}, part{Text: w.say("password.not", w.app)})
}

func (w *writer) denied(e *session.Event) (string, []part) {
	what := part{Text: w.say("denied.what", w.app), Items: []string{w.moment(e.Session.First)}}
	open := e.Session.OpenSignals()
	if len(open) > 0 && !slices.ContainsFunc(open, func(g session.Signal) bool { return g.At.Equal(e.Session.First.At) }) {
		what = part{Text: w.say("denied.move", w.app, w.label(e.Session)), Items: w.reasons(open)} // the sign-in was the user's
	}
	return w.say("denied.subject", w.app), []part{
		what,
		{Text: w.say("denied.done")},
		{Text: w.say("denied.next", w.app)},
		{Text: w.say("denied.not", w.path)},
	}
}

func (w *writer) more() (string, []part) {
	return w.say("more.subject", w.app), []part{
		{Text: w.say("more.what", w.app)}, {Text: w.say("more.not", w.app, w.path)},
	}
}

func (w *writer) reasons(signals []session.Signal) (all []string) {
	for _, s := range signals {
		all = append(all, w.sentence(s))
	}
	return all
}

// A template is one of either kind.
type template interface {
	Execute(w io.Writer, data any) error
}

// execute fills a template. Writing to memory fails only by a mistake in it.
func execute(t template, data mail) string {
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		panic(err)
	}
	return b.String()
}

const lineLength = 76

// wrap breaks s, after what goes before its first line, into lines.
func wrap(before, s string) string {
	var b strings.Builder
	length := 0
	for i, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
			b.WriteString(before)
			length = len(before)
		case length+1+n > lineLength:
			b.WriteString("\n" + strings.Repeat(" ", len(before)))
			length = len(before)
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += n
	}
	return b.String()
}

// oneLine keeps a translation from adding a header to the e-mail.
func oneLine(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsControl), " ") }
