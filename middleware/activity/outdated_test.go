package activity_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// A page stood open over a rotation: what is pressed there is asked again, not
// refused, and not done.
func TestOutdatedForm(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	other, me := s.signIn(t, "alice"), s.signIn(t, "alice")
	id := other.id()
	at, _ := url.Parse(s.URL)
	token := me.Jar.Cookies(at)[0].Value
	old := formField.FindStringSubmatch(me.page(""))[1]
	s.pass(25 * time.Hour)
	if res, _ := me.do("GET", base+"/", "", "Sec-Fetch-Mode", "navigate"); res.StatusCode != http.StatusFound {
		t.Fatalf("no rotation: got %d", res.StatusCode)
	}
	me.page("") // seen
	s.pass(session.RotationGrace)
	me.page("") // and seen again
	for action, fields := range map[string]url.Values{
		"/sign-out": {"id": {id}}, "/rename": {"id": {id}, "name": {"x"}}, "/sign-out-others": {}, "/act": {"sign-out": {id}},
	} {
		fields.Set("form", old)
		res, _ := me.do("POST", base+action, fields.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		there := res.Header.Get("Location")
		if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(there, base+"/do?") {
			t.Errorf("%s: got %d to %q", action, res.StatusCode, there)
			continue
		}
		if res, page := me.do("GET", there, ""); res.StatusCode >= http.StatusInternalServerError || res.StatusCode == http.StatusForbidden {
			t.Errorf("%s: the question: got %d %s", action, res.StatusCode, page)
		}
		if !other.signedIn() {
			t.Fatalf("%s: done without a question", action)
		}
	}
	// What was told of an old copy stands on the page of the older session.
	stale := &client{Client: s.Client(), site: s, t: t, header: []string{"Cookie", "__Host-session=" + token}}
	if res, _ := stale.do("GET", base+"/", ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the retired cookie: got %d", res.StatusCode)
	}
	if page := other.page(""); !strings.Contains(page, "restored from a backup") || !strings.Contains(page, "We have paused it") {
		t.Errorf("no line about it on the page: %s", page)
	}
}
