package immich_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/signedin/signedin/middleware/immich"
)

// heard has what a Proxy was told of wrong passwords.
type heard struct {
	mu  sync.Mutex
	all []immich.WrongPassword
}

func (h *heard) add(w immich.WrongPassword) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, w)
}

// users returns whose they were, and forgets it.
func (h *heard) users(t *testing.T) (ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.all {
		if !w.IP.IsLoopback() || w.At.IsZero() {
			t.Errorf("got %+v, want where and when", w)
		}
		ids = append(ids, w.UserID)
	}
	h.all = nil
	return ids
}

// A wrong password on Immich's own pages counts for the user whose address it was tried
// with, in any spelling that Immich takes, and the answer is Immich's.
func TestWrongPasswordIsTold(t *testing.T) {
	var told heard
	inEach(t, immich.Config{WrongPassword: told.add}, func(t *testing.T, h *house) {
		p := h.person()
		c := h.client(browser)
		const try = `{"email":%q,"password":"a guess that is wrong"}`
		never := c.json(401, "POST", "/api/auth/login", fmt.Sprintf(try, p.email))
		me := p.signIn(browser)
		told.users(t)
		for name, guess := range map[string]func() string{
			"plain": func() string { return c.json(401, "POST", "/api/auth/login", fmt.Sprintf(try, p.email)) },
			"upper": func() string {
				return c.json(401, "POST", "/api/auth/login", fmt.Sprintf(try, strings.ToUpper(p.email)))
			},
			"session": func() string { return me.json(401, "POST", "/api/auth/login", fmt.Sprintf(try, p.email)) },
			"two names": func() string {
				return c.json(401, "POST", "/api/auth/login", fmt.Sprintf(`{"email":%q,"Email":"x@example.com","password":"a guess that is wrong"}`, p.email))
			},
		} {
			if got := guess(); strings.Contains(got, "correlationId") != strings.Contains(never, "correlationId") || field(got, "message") != field(never, "message") {
				t.Errorf("%s: got %s of a user who is known, %s before", name, got, never)
			}
			if got := told.users(t); !slices.Equal(got, []string{p.id}) {
				t.Errorf("%s: told of %q, want %q", name, got, p.id)
			}
		}
		if h.fake == nil { // the stand-in reads no forms, and paths to the letter
			c.json(401, "POST", "/API/Auth/login/", fmt.Sprintf(try, p.email))
			if got := told.users(t); !slices.Equal(got, []string{p.id}) {
				t.Errorf("another path: told of %q", got)
			}
			form := url.Values{"email": {p.email}, "password": {"a guess that is wrong"}}.Encode()
			c.want(401, "POST", "/api/auth/login", form, "Content-Type", "application/x-www-form-urlencoded")
			if got := told.users(t); !slices.Equal(got, []string{p.id}) {
				t.Errorf("form: told of %q", got)
			}
		}
		c.json(401, "POST", "/api/auth/login", fmt.Sprintf(try, "nobody-"+p.email))
		if got := told.users(t); !slices.Equal(got, []string{""}) {
			t.Errorf("nobody: told of %q", got)
		}
		me.json(400, "POST", "/api/auth/change-password", `{"password":"a guess that is wrong","newPassword":"another horse"}`)
		if got := told.users(t); !slices.Equal(got, []string{p.id}) {
			t.Errorf("change: told of %q", got)
		}
		me.json(204, "POST", "/api/auth/pin-code", `{"pinCode":"123456"}`)
		me.json(400, "DELETE", "/api/auth/pin-code", `{"password":"a guess that is wrong"}`)
		if got := told.users(t); !slices.Equal(got, []string{p.id}) {
			t.Errorf("PIN code: told of %q", got)
		}
		me.json(400, "DELETE", "/api/auth/pin-code", `{"pinCode":"654321"}`)
		me.json(400, "POST", "/api/auth/change-password", `{}`)
		me.json(201, "POST", "/api/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, p.email, p.password))
		me.want(401, "GET", "/api/users/me", "", "Authorization", "Bearer wrong")
		if got := told.users(t); len(got) != 0 {
			t.Errorf("of what is no wrong password, told of %q", got)
		}
	})
}

// After a restart of the Proxy a user is known by their first request.
func TestWrongPasswordAfterARestart(t *testing.T) {
	t.Parallel()
	var told heard
	s := newSite(t, immich.Config{})
	me := s.client(browser).login("ada")
	behind := httptest.NewServer(s.immich)
	t.Cleanup(behind.Close)
	target, err := url.Parse(behind.URL)
	must(t, err)
	again, err := immich.New(s.manager, target, immich.Config{WrongPassword: told.add})
	must(t, err)
	guess := func() {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/auth/login", strings.NewReader(`{"email":"ada@example.com","password":"bad"}`))
		r.RemoteAddr = "127.0.0.1:1"
		again.ServeHTTP(newRecorder(), r)
	}
	guess()
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/server/ping", nil)
	r.Header.Set("Authorization", "Bearer "+me.token)
	again.ServeHTTP(newRecorder(), r)
	guess()
	if got := told.users(t); !slices.Equal(got, []string{"", "ada"}) {
		t.Errorf("told of %q", got)
	}
}
