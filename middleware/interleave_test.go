package middleware_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest/need"
)

// What a browser asks for, each in three steps that others may come between: the
// site lets the request in, its handler does what it does, and the answer arrives
// or is lost.
const (
	doRefresh  = "/session" // the next secret of a rotation, which travels at once
	doPage     = "/me"      // the same, at most once a minute
	doConfirm  = "/confirm"
	doPassword = "/password"
	doRotate   = "/rotate"
)

const steps = 3

// play is one browser of one session, whose secret is old enough to be rotated.
type play struct {
	*aging
	*browser
	pause func()            // of the handler that runs
	start map[string]string // what the browser has on its disk
	sent  []string          // the Cookie headers, in the order in which they were sent
	name  string            // under which the latest rotation for safety sent its secret
	dead  int               // how many of sent were sent before it
	alarm bool              // a reuse was told of
}

// stage is a site for plays, one after the other.
type stage struct {
	a    *aging
	play *play
}

func newStage(t testing.TB) *stage {
	st := new(stage)
	a := new(aging)
	start := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	a.site = newPlainSite(t, session.Config{
		Now: func() time.Time { return start.Add(time.Duration(a.ahead.Load())) },
		Observers: []session.Observer{session.ObserverFunc(func(_ context.Context, e session.Event) {
			if e.Kind == session.EventReused {
				st.play.alarm = true
			}
		})},
	}, middleware.Config{})
	change := func(do func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			st.play.pause()
			if do(w, r) != nil {
				w.WriteHeader(http.StatusConflict)
			}
		}
	}
	a.mux.HandleFunc("POST "+doConfirm, change(func(w http.ResponseWriter, r *http.Request) error {
		_, err := a.mw.Reauthenticated(w, r, session.Proof{})
		return err
	}))
	a.mux.HandleFunc("POST "+doPassword, change(func(w http.ResponseWriter, r *http.Request) error {
		_, err := a.mw.RevokeOthers(w, r, session.ReasonPasswordChanged)
		return err
	}))
	a.mux.HandleFunc("POST "+doRotate, change(a.mw.Rotate))
	a.mux.Handle("POST "+doRefresh, a.mw.Rotation())
	st.a = a
	return st
}

// begin begins a play of a user of its own.
func (st *stage) begin(t testing.TB, user int) *play {
	p := &play{aging: st.a, browser: newBrowser(st.a.site), pause: func() {}}
	p.ahead.Add(int64(time.Hour)) // past what is allowed once a minute
	p.send(t, "POST", fmt.Sprint("/login?user=u", user), own...).deliver()
	p.ahead.Add(int64(24 * time.Hour))
	p.start = map[string]string{"__Host-session": p.jar["__Host-session"]}
	p.name = "__Host-session"
	st.play = p
	return p
}

// asking is a request on its way.
type asking struct {
	p      *play
	path   string
	next   func() (struct{}, bool)
	stop   func()
	res    *http.Response
	number int // of its header in sent
	step   int
}

func (p *play) ask(path string) *asking { return &asking{p: p, path: path} }

// run does the next step.
func (a *asking) run(t testing.TB, lost bool) {
	a.step++
	switch a.step {
	case 1:
		cookies := a.p.cookies()
		a.number = len(a.p.sent)
		a.p.sent = append(a.p.sent, cookies)
		a.next, a.stop = a.coroutine(t, cookies)
		a.next()
	case 2:
		a.next()
		a.stop()
		a.note(t)
	case 3:
		if !lost {
			answer{a.res, a.p.browser}.deliver()
		}
	}
}

// coroutine runs the request until its handler pauses, and then to its end.
func (a *asking) coroutine(t testing.TB, cookies string) (func() (struct{}, bool), func()) {
	return iter.Pull(func(yield func(struct{}) bool) {
		method := "POST"
		if a.path == doPage {
			method = "GET"
		}
		// The one that runs is the one that pauses: nothing else runs meanwhile.
		a.p.pause = func() { yield(struct{}{}) }
		a.res = serve(t, a.p.aging.site, cookies, method, a.path, pages...)
	})
}

// note notes a rotation for safety that was done.
func (a *asking) note(t testing.TB) {
	if a.path == doRefresh || a.path == doPage {
		return
	}
	c := a.res.Cookies()
	switch {
	case a.res.StatusCode != http.StatusOK:
		if len(c) > 0 {
			t.Errorf("%s was refused with %d, and sent %v", a.path, a.res.StatusCode, c)
		}
	case len(c) > 0:
		if a.path == doRotate && a.number < a.p.dead {
			t.Errorf("%s by what was sent before the latest rotation got the current secret", a.path)
		}
		a.p.name, a.p.dead = c[0].Name, len(a.p.sent)
	}
}

// end checks how the play ended. Answers to the latest rotation were delivered, or
// else it is excused that the browser is signed out.
func (p *play) end(t testing.TB, mayBeLost bool) {
	_, has := p.jar[p.name]
	if !has && !mayBeLost {
		t.Errorf("the latest secret was sent and delivered, and is not there: %v", p.jar)
	}
	want := http.StatusOK
	if !has {
		want = http.StatusUnauthorized
	}
	if got := p.me(t, p.cookies()); got != want {
		t.Errorf("in the end: got %d, want %d", got, want)
	}
	for i, cookies := range p.sent[:p.dead] {
		if got := p.me(t, cookies); got != http.StatusUnauthorized {
			t.Errorf("what request %d sent before the latest rotation, by somebody else: got %d", i+1, got)
		}
	}
	if p.alarm {
		t.Error("something is taken for theft")
	}
}

func (p *play) me(t testing.TB, cookies string) int {
	return serve(t, p.aging.site, cookies, "GET", "/me").StatusCode
}

// orders calls f with every order of so many steps of so many requests.
func orders(requests int, f func([]int)) {
	order := make([]int, 0, requests*steps)
	done := make([]int, requests)
	var go_ func()
	go_ = func() {
		if len(order) == cap(order) {
			f(order)
			return
		}
		for i := range done {
			if done[i] < steps {
				done[i]++
				order = append(order, i)
				go_()
				order = order[:len(order)-1]
				done[i]--
			}
		}
	}
	go_()
}

func (st *stage) perform(t testing.TB, user int, paths []string, order []int, lost int) {
	p := st.begin(t, user)
	var all []*asking
	for _, path := range paths {
		all = append(all, p.ask(path))
	}
	for _, i := range order {
		all[i].run(t, lost>>i&1 == 1)
	}
	p.end(t, lost != 0)
	if t.Failed() {
		t.Fatalf("%v in the order %v, lost %03b", paths, order, lost)
	}
}

// isOnce reports whether there is no other order that differs by when an answer
// is lost only.
func isOnce(order []int, lost int) bool {
	var seen [8]int
	for at, i := range order {
		if seen[i]++; seen[i] == steps && lost>>i&1 == 1 && order[at-1] != i {
			return false
		}
	}
	return true
}

// TestInterleavings plays every order of the steps of three requests, each answer
// delivered or lost.
func TestInterleavings(t *testing.T) {
	kinds := []string{doRefresh, doConfirm, doPassword}
	sets, losses := [][]string{kinds}, 1
	if need.IsHeavy() {
		sets, losses = nil, 8
		kinds = append(kinds, doRotate)
		for i := range kinds {
			for j := i; j < len(kinds); j++ {
				for k := j; k < len(kinds); k++ {
					sets = append(sets, []string{kinds[i], kinds[j], kinds[k]})
				}
			}
		}
	}
	for _, paths := range sets {
		t.Run(strings.Join(paths, " "), func(t *testing.T) {
			t.Parallel()
			st, n := newStage(t), 0
			orders(len(paths), func(order []int) {
				for lost := range losses {
					if isOnce(order, lost) {
						n++
						st.perform(t, n, paths, order, lost)
					}
				}
			})
			t.Logf("%d plays", n)
		})
	}
}

// FuzzInterleavings plays six requests; the browser may crash in between and come
// back with what it had on its disk.
func FuzzInterleavings(f *testing.F) {
	f.Add([]byte{0, 1, 2, 1, 2, 0}, []byte{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 4, 3, 2, 1, 0}, uint8(0))
	f.Add([]byte{1, 1, 1, 1, 1, 1}, []byte{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0}, uint8(9))
	f.Add([]byte{4, 3, 2, 1, 0, 2}, []byte{0, 0, 0, 1, 1, 1, 7, 2, 2, 2, 3, 3, 3, 7, 4, 4, 4, 5}, uint8(0))
	kinds := []string{doRefresh, doConfirm, doPassword, doRotate, doPage}
	st := newStage(f)
	user := 0
	f.Fuzz(func(t *testing.T, what, order []byte, lost uint8) {
		user++
		p := st.begin(t, user)
		const requests = 6
		var all []*asking
		for i := range requests {
			kind := 0
			if i < len(what) {
				kind = int(what[i])
			}
			all = append(all, p.ask(kinds[kind%len(kinds)]))
		}
		mayBeLost := lost != 0
		step := func(i int) { all[i].run(t, lost>>i&1 == 1) }
		for _, o := range order {
			switch i := int(o) % (requests + 1); {
			case i == requests:
				p.jar, mayBeLost = maps.Clone(p.start), true
			case all[i].step < steps:
				step(i)
			}
		}
		for i := range all {
			for all[i].step < steps {
				step(i)
			}
		}
		p.end(t, mayBeLost)
	})
}

// newPlainSite is newSite without a server.
func newPlainSite(t testing.TB, scfg session.Config, cfg middleware.Config) *site {
	t.Helper()
	s := makeSite(t, nil, scfg, cfg)
	s.Server = &httptest.Server{Config: &http.Server{Handler: s.mw.Load(s.mux)}}
	return s
}
