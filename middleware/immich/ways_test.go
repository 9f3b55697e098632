package immich_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/middleware/immich/immichtest"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// house is an Immich, the stand-in or a real one, with the proxy in front of it.
type house struct {
	*site
	direct string // where it is without the proxy
	admin  *client
	fake   *immichtest.Server // nil if it is real
}

// Of a real Immich, IMMICH_URL says where it is, IMMICH_ADMIN and
// IMMICH_ADMIN_PASSWORD who administers it. The tests make users of their own.
const (
	adminEmail    = "admin@example.com"
	adminPassword = "the administrator's"
)

// inEach runs a test in front of the stand-in, and of a real Immich if there is one.
func inEach(t *testing.T, cfg immich.Config, test func(t *testing.T, h *house)) {
	t.Run("stand-in", func(t *testing.T) {
		t.Parallel()
		fake := immichtest.New()
		fake.AddAdmin(adminEmail, adminPassword)
		behind := httptest.NewServer(fake)
		t.Cleanup(func() {
			behind.Close()
			fake.Close()
		})
		test(t, newHouse(t, cfg, behind.URL, fake))
	})
	t.Run("real", func(t *testing.T) {
		where := os.Getenv("IMMICH_URL")
		if where == "" { // which no CI has
			t.Skip("SKIPPED: needs a real Immich; set IMMICH_URL, IMMICH_ADMIN and IMMICH_ADMIN_PASSWORD")
		}
		test(t, newHouse(t, cfg, where, nil))
	})
}

func newHouse(t *testing.T, cfg immich.Config, direct string, fake *immichtest.Server) *house {
	t.Helper()
	s := &site{t: t, store: &storetest.Hooked{Store: memstore.New()}}
	var err error
	s.manager, err = session.New(s.store, session.Config{Now: func() time.Time { return time.Now().Add(time.Duration(s.now.Load())) }})
	must(t, err)
	target, err := url.Parse(direct)
	must(t, err)
	s.proxy, err = immich.New(s.manager, target, cfg)
	must(t, err)
	page, err := activity.New(s.proxy.Middleware(), activity.Config{Path: "/devices", Ended: s.proxy.Ended})
	must(t, err)
	mux := http.NewServeMux()
	mux.Handle("/devices/", page)
	mux.Handle("/", s.proxy)
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	h := &house{site: s, direct: direct, fake: fake}
	email, password := adminEmail, adminPassword
	if fake == nil {
		email, password = cmp.Or(os.Getenv("IMMICH_ADMIN"), email), os.Getenv("IMMICH_ADMIN_PASSWORD")
	}
	h.admin = h.signIn(email, password, browser)
	return h
}

// person is a user of a test.
type person struct {
	h                   *house
	id, email, password string
}

func (h *house) person() *person {
	h.t.Helper()
	p := &person{h, "", uuid.NewString() + "@example.com", "correct horse battery"}
	body := h.admin.json(201, "POST", "/api/admin/users", fmt.Sprintf(`{"email":%q,"password":%q,"name":"x"}`, p.email, p.password))
	p.id = field(body, "id")
	return p
}

func (h *house) signIn(email, password, agent string) *client {
	h.t.Helper()
	c := h.client(agent)
	c.json(201, "POST", "/api/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password))
	c.wait()
	return c
}

func (p *person) signIn(agent string) *client {
	p.h.t.Helper()
	return p.h.signIn(p.email, p.password, agent)
}

// json is want with a body of JSON.
func (c *client) json(status int, method, path, body string, header ...string) string {
	c.t.Helper()
	return c.want(status, method, path, body, append([]string{"Content-Type", "application/json"}, header...)...)
}

// past sends a request to Immich past the proxy.
func (h *house) past(status int, method, path, body string, header ...string) string {
	h.t.Helper()
	there := &site{t: h.t, server: &httptest.Server{URL: h.direct}}
	return there.client(browser).json(status, method, path, body, header...)
}

// immichs returns the IDs of what Immich lists, sorted.
func (h *house) immichs(token string) (ids []string) {
	h.t.Helper()
	var all []struct{ ID string }
	must(h.t, json.Unmarshal([]byte(h.past(200, "GET", "/api/sessions", "", "Authorization", "Bearer "+token)), &all))
	for _, s := range all {
		ids = append(ids, s.ID)
	}
	slices.Sort(ids)
	return ids
}

// wantEqual opens the page as c and compares what it lists to Immich's list.
func (h *house) wantEqual(c *client) {
	h.t.Helper()
	c.want(200, "GET", "/devices/", "", "Accept", "text/html")
	all, err := h.manager.List(h.t.Context(), c.session().UserID)
	must(h.t, err)
	var ours []string
	for _, s := range all {
		ours = append(ours, s.Attrs[immich.AttrID])
	}
	slices.Sort(ours)
	if theirs := h.immichs(c.token); !slices.Equal(ours, theirs) {
		h.t.Errorf("the page has %v, Immich %v", ours, theirs)
	}
}

// accepts reports whether Immich itself accepts a token.
func (h *house) accepts(token string) bool {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), "GET", h.direct+"/api/users/me", nil)
	must(h.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	must(h.t, err)
	defer res.Body.Close()
	return res.StatusCode == 200
}

func (p *person) change(password string) string {
	return fmt.Sprintf(`{"password":%q}`, password)
}

// However Immich comes to end sessions, the page that is opened next is equal to its
// list.
func TestPageIsEqualToImmichsList(t *testing.T) {
	for name, act := range map[string]func(h *house, p *person, me, other *client){
		"log-out": func(_ *house, _ *person, _, o *client) { o.want(200, "POST", "/api/auth/logout", "") },
		"log-out past the proxy": func(h *house, _ *person, _, o *client) {
			h.past(200, "POST", "/api/auth/logout", "", "Authorization", "Bearer "+o.token)
		},
		"its page, one": func(_ *house, _ *person, me, o *client) {
			me.want(204, "DELETE", "/api/sessions/"+o.session().Attrs[immich.AttrID], "")
		},
		"its page, one, past": func(h *house, _ *person, me, o *client) {
			h.past(204, "DELETE", "/api/sessions/"+o.session().Attrs[immich.AttrID], "", "Authorization", "Bearer "+me.token)
		},
		"its page, all": func(_ *house, _ *person, me, _ *client) { me.want(204, "DELETE", "/api/sessions", "") },
		"its page, all, past": func(h *house, _ *person, me, _ *client) {
			h.past(204, "DELETE", "/api/sessions", "", "Authorization", "Bearer "+me.token)
		},
		"new password": func(_ *house, p *person, me, _ *client) {
			me.json(200, "POST", "/api/auth/change-password", fmt.Sprintf(`{"password":%q,"newPassword":"another horse"}`, p.password))
		},
		"new password past": func(h *house, p *person, me, _ *client) {
			h.past(200, "POST", "/api/auth/change-password", fmt.Sprintf(`{"password":%q,"newPassword":"another horse"}`, p.password), "Authorization", "Bearer "+me.token)
		},
		"new password in the app": func(_ *house, p *person, me, _ *client) {
			me.json(200, "PUT", "/api/users/me", p.change("another horse"))
		},
		"API key, one": func(h *house, _ *person, me, o *client) {
			h.client("node").want(204, "DELETE", "/api/sessions/"+o.session().Attrs[immich.AttrID], "", "X-Api-Key", h.key(me))
		},
		"API key, one, past": func(h *house, _ *person, me, o *client) {
			h.past(204, "DELETE", "/api/sessions/"+o.session().Attrs[immich.AttrID], "", "X-Api-Key", h.key(me))
		},
		"a new one past the proxy": func(h *house, p *person, me, _ *client) {
			h.past(201, "POST", "/api/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, p.email, p.password))
			me.want(200, "GET", "/devices/", "")
			if c := h.comparison(me); len(c.Unseen) != 1 || c.Unseen[0].SignedInAt.IsZero() {
				h.t.Errorf("got %+v, want the new one", c)
			}
			h.past(204, "DELETE", "/api/sessions", "", "Authorization", "Bearer "+me.token)
		},
	} {
		inEach(t, immich.Config{}, func(t *testing.T, h *house) {
			p := h.person()
			me, other := p.signIn(browser), p.signIn(phone)
			p.signIn(browser)
			h.wantEqual(me)
			act(h, p, me, other)
			h.wantEqual(me)
			if t.Failed() {
				t.Log("by: " + name)
			}
		})
	}
}

// key returns a new API key of the client's user.
func (h *house) key(c *client) string {
	h.t.Helper()
	return field(c.json(201, "POST", "/api/api-keys", `{"name":"x","permissions":["all"]}`), "secret")
}

// comparison returns what the latest look for the client's user has shown.
func (h *house) comparison(c *client) (got immich.Comparison) {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), "GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+c.token)
	h.proxy.Load(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = h.proxy.Comparison(r) })).ServeHTTP(newRecorder(), r)
	return got
}

// An administrator who deletes a user cuts them at once, sockets included, and one
// who restores them lets them in again: nothing has ended.
func TestDeletedAndRestored(t *testing.T) {
	inEach(t, immich.Config{}, func(t *testing.T, h *house) {
		p := h.person()
		c := p.signIn(browser)
		_, in := c.dial()
		h.admin.json(200, "DELETE", "/api/admin/users/"+p.id, `{"force":false}`)
		wantFarewell(t, in)
		c.want(401, "GET", "/api/users/me", "")
		c.want(401, "GET", "/devices/", "", "Accept", "text/html")
		if got := c.reason(); got != "" {
			t.Errorf("ended: %q", got)
		}
		h.admin.want(200, "POST", "/api/admin/users/"+p.id+"/restore", "")
		c.want(200, "GET", "/api/users/me", "")
		h.wantEqual(c)
	})
}

// A new password ends the user's other sessions by whatever route it came, here at
// once, and there: unless the switch says not to.
func TestNewPasswordEndsTheOthers(t *testing.T) {
	for name, change := range map[string]func(h *house, p *person, me *client){
		"on the web": func(_ *house, p *person, me *client) {
			me.json(200, "POST", "/api/auth/change-password", fmt.Sprintf(`{"password":%q,"newPassword":"another horse"}`, p.password))
		},
		"in the app": func(_ *house, p *person, me *client) { me.json(200, "PUT", "/api/users/me", p.change("another horse")) },
		"by the admin": func(h *house, p *person, _ *client) {
			h.admin.json(200, "PUT", "/api/admin/users/"+p.id, p.change("another horse"))
		},
		"by a key": func(h *house, p *person, me *client) {
			h.client("node").json(200, "PUT", "/api/users/me", p.change("another horse"), "X-Api-Key", h.key(me))
		},
	} {
		for _, keeps := range []bool{false, true} {
			inEach(t, immich.Config{PasswordKeepsSessions: keeps}, func(t *testing.T, h *house) {
				p := h.person()
				me, other := p.signIn(browser), p.signIn(phone)
				_, in := other.dial()
				change(h, p, me)
				want := session.ReasonPasswordChanged
				if keeps && name != "on the web" {
					want = ""
				}
				if got := other.reason(); got != want {
					t.Errorf("%s, keeps %v: the other: got %q, want %q", name, keeps, got, want)
				}
				if want == "" {
					return
				}
				wantFarewell(t, in)
				other.want(401, "GET", "/api/users/me", "")
				if h.accepts(other.token) {
					t.Errorf("%s: Immich takes the other's token", name)
				}
				if mine := me.reason(); (mine == "") != (name == "on the web" || name == "in the app") {
					t.Errorf("%s: mine: got %q", name, mine)
				}
			})
		}
	}
	inEach(t, immich.Config{}, func(t *testing.T, h *house) { // which is none
		p := h.person()
		me, other := p.signIn(browser), p.signIn(phone)
		me.json(200, "PUT", "/api/users/me", `{"name":"Ada"}`)
		if me.reason() != "" || other.reason() != "" {
			t.Errorf("a new name has ended %q and %q", me.reason(), other.reason())
		}
	})
}

// A token whose session was ended here is signed out in Immich, by itself, when it
// comes by; and by another one of its user before that.
func TestEndedHereEndsThere(t *testing.T) {
	inEach(t, immich.Config{}, func(t *testing.T, h *house) {
		p := h.person()
		me, one, two := p.signIn(browser), p.signIn(phone), p.signIn(phone)
		one.revoke()
		two.revoke()
		if !h.accepts(one.token) {
			t.Fatal("it has ended there already")
		}
		one.want(401, "GET", "/api/users/me", "")
		if h.accepts(one.token) {
			t.Error("Immich takes a token that has come by")
		}
		if !h.accepts(two.token) {
			t.Fatal("the other has ended there, too")
		}
		h.wantEqual(me)
		if h.accepts(two.token) {
			t.Error("Immich takes a token whose user has opened the page")
		}
	})
}

// Of the stand-in, which can be told to fail: nothing ends by what is no list, and
// what could not be ended there is counted until it is.
func TestNoList(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	me, other := s.client(browser).login("ada"), s.client(phone).login("ada")
	works := s.immich.mux
	for name, answered := range map[string]func(w http.ResponseWriter){
		"empty":          func(w http.ResponseWriter) { answer(w, 200, `[]`) },
		"without me":     func(w http.ResponseWriter) { answer(w, 200, `[{"id":"`+uuid.NewString()+`","current":false}]`) },
		"no IDs":         func(w http.ResponseWriter) { answer(w, 200, `[{"id":"x","current":true}]`) },
		"a page":         func(w http.ResponseWriter) { w.Write([]byte("<html>")) },
		"maintenance":    func(w http.ResponseWriter) { answer(w, 404, `{}`) },
		"restarts":       func(w http.ResponseWriter) { answer(w, 503, `{}`) },
		"another's, 401": func(w http.ResponseWriter) { w.Header().Set("WWW-Authenticate", "Basic"); w.WriteHeader(401) },
	} {
		mux := http.NewServeMux()
		mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { answered(w) })
		s.immich.mux = mux
		me.want(200, "GET", "/devices/", "", "Accept", "text/html")
		s.proxy.Recheck(t.Context())
		if me.reason() != "" || other.reason() != "" {
			t.Fatalf("%s: ended %q and %q", name, me.reason(), other.reason())
		}
	}
	s.immich.mux = works
	other.revoke()
	s.immich.refuses.Store(true)
	h := &house{site: s}
	for want := range 2 {
		if want = 1 - want; want == 0 {
			s.immich.refuses.Store(false)
		}
		me.want(200, "GET", "/devices/", "", "Accept", "text/html")
		if c := h.comparison(me); c.StillSignedIn != want || len(c.Unseen) != 0 {
			t.Errorf("got %+v, want %d still signed in", c, want)
		}
	}
	if s.immich.knows(other.token) {
		t.Error("Immich knows it still")
	}
}

// A list is looked at by a user's requests every ten minutes, and by no more of them.
func TestLooksEveryTenMinutes(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	me, other := s.client(browser).login("ada"), s.client(phone).login("ada")
	id := other.session().Attrs[immich.AttrID]
	s.immich.remove(func(r *row) bool { return r.id == id })
	me.want(200, "GET", "/api/assets/1/thumbnail", "")
	if got := other.reason(); got != "" {
		t.Errorf("within ten minutes: %q", got)
	}
	s.now.Add(int64(11 * time.Minute))
	me.want(200, "GET", "/api/assets/1/thumbnail", "")
	me.want(200, "GET", "/api/server/ping", "") // the look comes after the answer
	if got := other.reason(); got != session.ReasonIssuer {
		t.Errorf("after ten minutes: %q", got)
	}
}

// A socket that opens right after a sign-in is told of its session, not of one of
// zeros.
func TestFarewellNamesASession(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	for range 3 {
		c := s.client(browser).login("ada")
		_, in := c.dial()
		id := c.session().Attrs[immich.AttrID]
		c.revoke()
		rest, _ := io.ReadAll(in) // however it ends
		if got := string(rest); id == "" || !strings.Contains(got, id) || strings.Contains(got, uuid.Nil.String()) {
			t.Errorf("of %q it says %q", id, got)
		}
	}
}

// While Immich restarts a person gets a page that tries again by itself, and a
// program is told when to.
func TestWhileImmichRestarts(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{Transport: refusing{}})
	for accept, want := range map[string]string{"text/html,*/*": "text/html", "application/json": "application/problem+json"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/photos", nil)
		r.Header.Set("Accept", accept)
		w := newRecorder()
		s.proxy.ServeHTTP(w, r)
		h := w.Header()
		if w.Code != 502 || !strings.HasPrefix(h.Get("Content-Type"), want) || h.Get("Retry-After") == "" || (h.Get("Refresh") != "") != (want == "text/html") {
			t.Errorf("%s: got %d %v", accept, w.Code, h)
		}
	}
}

// refusing is an Immich whose port is closed.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }
