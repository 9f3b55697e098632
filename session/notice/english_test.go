package notice_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
)

// No word of a mail is English in another language, of no kind.
func TestNoEnglishIsLeft(t *testing.T) {
	t.Parallel()
	filledIn, letters := regexp.MustCompile(`%(\[\d\])?[sd]|\{\w+\}`), regexp.MustCompile(`\pL`)
	texts := notice.Texts()
	maps.Copy(texts, locale.Texts())
	for code, text := range risk.Sentences() {
		texts["signal."+code] = text
	}
	for name, text := range texts {
		out := letters.ReplaceAllString(text, "ж")
		for _, at := range filledIn.FindAllStringIndex(text, -1) { // ж has two bytes
			from := len(letters.ReplaceAllString(text[:at[0]], "ж"))
			out = out[:from] + text[at[0]:at[1]] + out[from+len(letters.ReplaceAllString(text[at[0]:at[1]], "ж")):]
			text = text[:at[0]] + strings.Repeat("-", at[1]-at[0]) + text[at[1]:]
		}
		texts[name] = out
	}
	texts["country.NO"], texts["country.RO"], texts["time.date"] = "Ж", "Ж", "{d}.{m}.{y}"
	l := &locale.Locale{Tag: "x-nobodys", RightToLeft: true, Texts: texts}
	times, cfg := 0, notice.Config{App: "Photos", URL: "https://photos.example/", Language: func(context.Context, string) *locale.Locale { return l }}
	s := newSite(t, cfg)
	started, _ := s.signIn(t, from(home, device.Hints{UserAgent: windows}), session.DeviceID{})
	s.take()

	g := func(code string, args ...string) session.Signal {
		m := map[string]string{}
		for i := 0; i < len(args); i += 2 {
			m[args[i]] = args[i+1]
		}
		return session.Signal{Code: code, Text: "In English.", Args: m, Level: session.LevelAlert, At: s.now}
	}
	all := []session.Signal{
		g("country.new", "country", "Romania", "countryCode", "RO"), g("network.hosting"), g("hour.unusual"), g("attempts.many", "n", "10"),
		g("device.new", "device", "Firefox on Windows", "deviceWhat", "Firefox", "deviceWhere", "Windows"), g("device.suspect"), g("answer.denied"),
		g("travel.impossible", "from", "Bergen, Norway", "fromCity", "Bergen", "fromCode", "NO", "minutes", "30", "ago", "30 minutes", "place", "a place in Romania", "placeForm", "in", "countryCode", "RO", "km", "1000"),
	}
	names := regexp.MustCompile(`^(Photos|Bergen|Cluj|UTC|Firefox|Windows|alice|km|https|photos|example)$`)
	words, tags, heads := regexp.MustCompile(`[A-Za-z]{2,}`), regexp.MustCompile(`<[^>]*>`), map[notice.Kind]bool{}
	visit := started.Last
	for _, level := range []session.Level{session.LevelNotice, session.LevelAlert} {
		for _, kind := range []session.EventKind{session.EventStarted, session.EventMoved, session.EventReused, session.EventCopied, session.EventDenied, session.EventRevoked} {
			for _, restriction := range []session.Restriction{session.RestrictionNone, session.RestrictionSuspended} {
				for _, signals := range [][]session.Signal{all, all[:1]} {
					s.now = s.now.Add(30 * 24 * time.Hour)
					it := *started
					it.Restriction, it.Signals = restriction, signals
					s.notices.Observe(t.Context(), session.Event{Kind: kind, UserID: "alice", At: s.now, Session: &it, Visit: &visit, Count: 3,
						Verdict: &session.Verdict{Level: level, Signals: signals}, Ending: &session.Ending{Reason: session.ReasonPasswordChanged, By: started.ID.String()}})
				}
			}
		}
	}
	// More than are told one by one.
	s.restart(t, cfg, session.AssessorFunc(func(_ context.Context, c session.Case) (session.Verdict, error) {
		times++
		return session.Verdict{Level: session.LevelAlert, Signals: []session.Signal{g("device.new", "device", strings.Repeat("Firefox", times), "deviceWhat", "Firefox")}}, nil
	}))
	for range 8 {
		s.now = s.now.Add(time.Second)
		s.signIn(t, from(home, device.Hints{UserAgent: windows}), session.DeviceID{})
	}
	for _, n := range s.take() {
		heads[n.Kind] = true
		if !strings.Contains(n.HTML, `lang="x-nobodys" dir="rtl"`) || n.Lang != "x-nobodys" {
			t.Errorf("%s: does not say its language: %.200s", n.Kind, n.HTML)
		}
		for _, text := range []string{n.Subject, n.Text, html.UnescapeString(tags.ReplaceAllString(n.HTML, " "))} {
			for _, word := range words.FindAllString(text, -1) {
				if !names.MatchString(word) {
					t.Errorf("%s: %q is left in %q", n.Kind, word, text)
				}
			}
		}
	}
	for _, kind := range kindsOf(t) {
		if !heads[kind] {
			t.Errorf("no %s was written", kind)
		}
	}
}

// kindsOf returns all kinds of notices that the package has.
func kindsOf(t *testing.T) (all []notice.Kind) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "notice.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Kind") {
			kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, notice.Kind(kind))
		}
		return true
	})
	if len(all) < 7 {
		t.Fatalf("found the kinds %q alone", all)
	}
	return all
}
