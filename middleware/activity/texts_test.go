package activity_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

func TestLanguage(t *testing.T) {
	t.Parallel()
	dutch := &locale.Locale{Tag: "nl", Texts: map[string]string{
		"page.this": "Dit apparaat", "page.active now": "Nu actief", "page.last connected": "Laatst verbonden: %s", "page.1 hour": "een uur geleden",
		"device.tool": "%s (opdrachtregel)",
	}}
	s := newSite(t, activity.Config{Language: func(*http.Request) *locale.Locale { return dutch }}, session.Config{})
	me, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	want(t, first(other.submit("/sign-out", "id", other.id())), http.StatusSeeOther)
	s.signInApp(t, "alice")
	s.pass(time.Hour)
	wantInOrder(t, me.page(""), `<html lang="nl" dir="ltr">`, "Dit apparaat", "Go (opdrachtregel)", "Nu actief", `Laatst verbonden: <time datetime="2026-05-04T03:02Z">een uur geleden</time>`)
	me.submit("/sign-out-others")
}

func TestSignalsAreTranslated(t *testing.T) {
	t.Parallel()
	dutch := &locale.Locale{Tag: "nl", Texts: map[string]string{"signal.country.new": "Nieuw land<b>."}}
	a := newAccount(t, activity.Config{Language: func(*http.Request) *locale.Locale { return dutch }})
	_, page := a.old.do("GET", base+"/", "")
	wantInOrder(t, page, "<bdi>Nieuw land&lt;b&gt;.</bdi>", `<bdi lang="en">`)
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
