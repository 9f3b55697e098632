package activity_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

func TestTranslate(t *testing.T) {
	t.Parallel()
	all := activity.Texts()
	dutch := map[string]string{"This device": "Dit apparaat", "Active now": "Nu actief", "Last connected %s": "Laatst verbonden: %s", "1 hour ago": "een uur geleden"}
	s := newSite(t, activity.Config{Translate: func(*http.Request) (string, func(string, ...any) string) {
		return "nl", func(format string, args ...any) string {
			if !slices.Contains(all, format) {
				t.Errorf("Texts does not have %q", format)
			}
			if d := dutch[format]; d != "" {
				format = d
			}
			return fmt.Sprintf(format, args...)
		}
	}}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	want(t, first(other.submit("/sign-out", "id", other.id())), http.StatusSeeOther)
	s.signInApp(t, "alice")
	s.pass(time.Hour)
	wantInOrder(t, me.page(""), `<html lang="nl">`, "Dit apparaat", "Nu actief", `Laatst verbonden: <time datetime="2026-05-04T03:02Z">een uur geleden</time>`)
	me.submit("/sign-out-others")
}

func TestSignalsAreTranslated(t *testing.T) {
	t.Parallel()
	a := newAccount(t, activity.Config{Sentence: func(r *http.Request, g session.Signal) string {
		return r.Header.Get("Accept-Language") + " " + g.Code + "<b>"
	}})
	_, page := a.old.do("GET", base+"/", "", "Accept-Language", "nl")
	wantInOrder(t, page, "nl country.new&lt;b&gt;", "nl network.hosting&lt;b&gt;")
	if strings.Contains(page, "been active in") {
		t.Error("the sentence is there in English too")
	}
}

func TestTimesAreRough(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{Preset: session.PresetConsumer, Limits: session.Limits{Idle: 1000 * time.Hour * 24}})
	s.signInApp(t, "alice")
	at := time.Duration(0)
	for _, tt := range []struct {
		age  time.Duration
		text string
	}{
		{59 * time.Second, "just now"}, {time.Minute, "1 minute ago"}, {59 * time.Minute, "59 minutes ago"}, {time.Hour, "1 hour ago"},
		{23 * time.Hour, "23 hours ago"}, {47 * time.Hour, "1 day ago"}, {48 * time.Hour, "2 days ago"}, {59 * 24 * time.Hour, "59 days ago"},
		{60 * 24 * time.Hour, "2 months ago"}, {170 * 24 * time.Hour, "5 months ago"},
	} {
		s.pass(tt.age - at)
		at = tt.age
		if page := s.signIn(t, "alice").page(""); !strings.Contains(page, ">"+tt.text+"<") {
			t.Errorf("%v: no %q", tt.age, tt.text)
		}
	}
}
