package activity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest"
)

// requests are all that the page and the API can be asked for. %me and %other
// are the IDs of two sessions, %form is the hidden field.
var requests = map[string]struct {
	method, path, body string
	mineEnds, otherEnd bool
}{
	"page":                {method: "GET", path: "/"},
	"page of others":      {method: "GET", path: "/sign-out-others"},
	"form: rename":        {method: "POST", path: "/rename", body: "form=%form&id=%me&name=kitchen"},
	"form: rename other":  {method: "POST", path: "/rename", body: "form=%form&id=%other&name=kitchen"},
	"form: sign out":      {method: "POST", path: "/sign-out", body: "form=%form&id=%me", mineEnds: true},
	"form: end other":     {method: "POST", path: "/sign-out", body: "form=%form&id=%other", otherEnd: true},
	"form: end others":    {method: "POST", path: "/sign-out-others", body: "form=%form", otherEnd: true},
	"API: list":           {method: "GET", path: "/api/sessions"},
	"API: history":        {method: "GET", path: "/api/history"},
	"page of a name":      {method: "GET", path: "/rename?id=%me"},
	"page that asks":      {method: "GET", path: "/do?do=sign-out&id=%other"},
	"form: end several":   {method: "POST", path: "/act", body: "form=%form&id=%other&id=%me&sign-out-several=1", otherEnd: true},
	"form: end by row":    {method: "POST", path: "/act", body: "form=%form&id=%me&sign-out=%other", otherEnd: true},
	"API: rename":         {method: "PATCH", path: "/api/sessions/%me", body: `{"name":"kitchen"}`},
	"API: rename other":   {method: "PATCH", path: "/api/sessions/%other", body: `{"name":"kitchen"}`},
	"API: sign out":       {method: "DELETE", path: "/api/sessions/%me", mineEnds: true},
	"API: end other":      {method: "DELETE", path: "/api/sessions/%other", otherEnd: true},
	"API: end all others": {method: "POST", path: "/api/sessions/revoke-others", otherEnd: true},

	"form: was me":   {method: "POST", path: "/was-me", body: "form=%form&id=%other&shown=%shown"},
	"form: not me":   {method: "POST", path: "/not-me", body: "form=%form&id=%other", otherEnd: true},
	"form: reviewed": {method: "POST", path: "/review", body: "form=%form&answer=mine"},
	"form: end idle": {method: "POST", path: "/review", body: "form=%form&answer=sign-out"},
	"form: forget":   {method: "POST", path: "/forget", body: "form=%form"},
	"API: was me":    {method: "POST", path: "/api/sessions/%other/confirm"},
	"API: not me":    {method: "POST", path: "/api/sessions/%other/deny", otherEnd: true},
	"API: review":    {method: "GET", path: "/api/review"},
	"API: reviewed":  {method: "POST", path: "/api/review"},
	"API: forget":    {method: "DELETE", path: "/api/known-devices"},
	"link: page":     {method: "GET", path: "/link?t=%link"},
	"link: not me":   {method: "POST", path: "/link", body: "t=%link", otherEnd: true},
}

// TestEveryCallFails has the n-th call of the store fail, for every n of every
// request, before its effect or after it: the answer is the usual one or 503,
// which touches no cookie, nobody is signed out, and what is tried again ends
// as it should.
func TestEveryCallFails(t *testing.T) {
	for name, r := range requests {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after the effect %v", name, late), func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					f := newFaulty(t, late)
					path, body := f.fill.Replace(r.path), f.fill.Replace(r.body)
					f.arm(n)
					res, text := f.ask(r.method, path, body)
					happened := f.arm(0) >= n
					f.judge(res, text, r.mineEnds)
					if res.StatusCode == http.StatusServiceUnavailable {
						if !r.mineEnds && !f.me.signedIn() {
							t.Error("signed out by trouble")
						}
						res, text = f.ask(r.method, path, body)
					}
					if res.StatusCode >= 400 && (!r.mineEnds || res.StatusCode != http.StatusUnauthorized) {
						t.Errorf("tried again: got %d %s", res.StatusCode, text)
					}
					if mine, other := f.me.signedIn(), f.other.signedIn(); mine == r.mineEnds || other == r.otherEnd {
						t.Errorf("in the end: signed in: got %v and %v, want %v and %v", mine, other, !r.mineEnds, !r.otherEnd)
					}
					if t.Failed() || !happened && n == 1 {
						t.Fatalf("when call %d failed, of those that there are: %v", n, happened)
					}
					if !happened {
						return
					}
				}
			})
		}
	}
}

// faulty is a host whose store fails one call, and two browsers of one user.
type faulty struct {
	*site
	t         *testing.T
	me, other *client
	fill      *strings.Replacer
	calls, at atomic.Int64
}

func newFaulty(t *testing.T, late bool) *faulty {
	t.Helper()
	f := &faulty{t: t, site: newSite(t, activity.Config{LinkKeys: linkKeys}, strangers())}
	f.store.Store = &storetest.Hooked{Store: f.store.Store,
		Before: func(string) error { f.calls.Add(1); return f.fail(!late) },
		After:  func(string) error { return f.fail(late) }}
	f.store.Profiles = &faultyProfiles{f.store.Profiles, f, late}
	f.me = f.signIn(t, "alice")
	f.pass(time.Minute)
	f.other = f.signIn(t, "alice", amsterdam...)
	f.pass(2 * time.Minute) // so that a visit is due
	form := formField.FindStringSubmatch(f.me.page(""))[1]
	a := account{site: f.site, id: f.other.id()}
	_, link := a.link(t)
	f.fill = strings.NewReplacer("%me", f.me.id(), "%other", a.id, "%form", url.QueryEscape(form),
		"%shown", strconv.FormatInt(f.manager.Now().UnixMilli(), 10), "%link", link)
	return f
}

// faultyProfiles fails as the store does.
type faultyProfiles struct {
	session.Profiles
	f    *faulty
	late bool
}

func (p *faultyProfiles) Profile(ctx context.Context, userID string) (blob []byte, version int64, err error) {
	err = p.call(func() (err error) {
		blob, version, err = p.Profiles.Profile(ctx, userID)
		return err
	})
	return blob, version, err
}

func (p *faultyProfiles) SaveProfile(ctx context.Context, userID string, blob []byte, version int64) error {
	return p.call(func() error { return p.Profiles.SaveProfile(ctx, userID, blob, version) })
}

func (p *faultyProfiles) call(effect func() error) error {
	p.f.calls.Add(1)
	if err := p.f.fail(!p.late); err != nil {
		return err
	}
	return errors.Join(effect(), p.f.fail(p.late))
}

func (f *faulty) fail(now bool) error {
	if now && f.calls.Load() == f.at.Load() {
		return errStore
	}
	return nil
}

// arm has the n-th call fail from now on, none if n is 0. It returns how many
// there were.
func (f *faulty) arm(n int) int {
	f.at.Store(int64(n))
	return int(f.calls.Swap(0))
}

func (f *faulty) ask(method, path, body string) (*http.Response, string) {
	f.t.Helper()
	kind := "application/x-www-form-urlencoded"
	if strings.HasPrefix(body, "{") {
		kind = jsonType
	}
	return f.me.do(method, base+path, body, "Content-Type", kind, "Sec-Fetch-Mode", "navigate")
}

func (f *faulty) judge(res *http.Response, text string, mayClear bool) {
	f.t.Helper()
	cookies := strings.Join(res.Header["Set-Cookie"], "\n")
	switch {
	case res.StatusCode == http.StatusServiceUnavailable:
		if cookies != "" || res.Header.Get("Retry-After") == "" {
			f.t.Errorf("503 with Set-Cookie %q and Retry-After %q, want none and some", cookies, res.Header.Get("Retry-After"))
		}
	case res.StatusCode >= 400:
		f.t.Errorf("got %d %s, want success or 503", res.StatusCode, text)
	case strings.Contains(cookies, "Max-Age=0") && !mayClear:
		f.t.Errorf("a cookie is cleared: %s", cookies)
	}
	if strings.Contains(text, errStore.Error()) {
		f.t.Errorf("the client is told of it: %s", text)
	}
}
