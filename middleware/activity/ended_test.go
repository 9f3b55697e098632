package activity_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// Config.Ended hears what has ended, and users hear when it failed.
func TestEndedElsewhere(t *testing.T) {
	t.Parallel()
	var told []session.ID
	var fails error
	s := newSite(t, activity.Config{Ended: func(_ *http.Request, id session.ID) error {
		told = append(told, id)
		return fails
	}}, session.Config{})
	me, a := s.signIn(t, "alice"), s.signIn(t, "alice")
	mine := me.id()
	wantDone(t, me, first(me.submit("/sign-out", "id", a.id())), "was signed out.")
	fails = errors.New("not there")
	wantDone(t, me, first(me.submit("/sign-out-others")), "Signed out here. But the app behind this page could not be told")
	if got := first(me.submit("/sign-out", "id", mine)).StatusCode; got != http.StatusBadGateway {
		t.Errorf("sign out here: got %d", got)
	}
	if len(told) != 3 || told[0] == (session.ID{}) || told[1] != (session.ID{}) || told[2].String() != mine {
		t.Errorf("told of %v", told)
	}
}

// Who says "Not me" is told to change the password, whatever the system behind
// answers.
func TestNotMeElsewhere(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{PasswordURL: "/password", Ended: func(*http.Request, session.ID) error {
		return errors.New("not there")
	}}, session.Config{})
	me, a := s.signIn(t, "alice"), s.signIn(t, "alice")
	wantRedirect(t, first(me.submit("/not-me", "id", a.id())), base+"/#done")
	wantInOrder(t, me.page(""), `role="alert"`, "could not be told", "change your password", `href="/password"`)
}
