package immich_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// old is a client whose session began before the proxy did.
func (s *site) old(agent, user string) *client {
	c := s.client(agent)
	c.token, _ = s.immich.start(user, "")
	return c
}

func (c *client) cookie() []string { return []string{"Cookie", "immich_access_token=" + c.token} }

func TestAdoptedOnFirstUse(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.old(browser, "ada")
	c.want(200, "GET", "/api/assets/1/thumbnail", "", c.cookie()...)
	c.wait()
	me := c.session()
	if me.UserID != "ada" || me.First.Device.Browser != "Chrome" || me.Attrs["immich.email"] != "ada@example.com" || me.Attrs["immich.id"] == "" {
		t.Errorf("got %+v", me)
	}
	if s.manager.Now().Sub(me.AuthenticatedAt) < 24*time.Hour {
		t.Error("found in use counts as a proof of who the user is")
	}
	for range 5 {
		c.want(200, "GET", "/api/assets/1/thumbnail", "", c.cookie()...)
	}
	if n := s.immich.asked.Load(); n != 1 {
		t.Errorf("Immich was asked %d times, want once", n)
	}
	// Immich notes the device by any request, so the questions have the client's.
	if got := s.immich.last.Load().UserAgent(); got != browser {
		t.Errorf("got User-Agent %q", got)
	}
}

// What is asked for our own sake does not hold up the client.
func TestLearnsAfterTheAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	answered := make(chan struct{})
	works := s.immich.mux
	s.immich.mux = http.NewServeMux()
	s.immich.mux.Handle("/", works)
	s.immich.mux.HandleFunc("GET /api/sessions", func(w http.ResponseWriter, r *http.Request) {
		<-answered
		works.ServeHTTP(w, r)
	})
	c := s.old(phone, "ada")
	late := time.AfterFunc(patience/2, func() {
		t.Error("the answer waits")
		close(answered)
	})
	c.want(200, "GET", "/api/users/me", "", c.cookie()...)
	if late.Stop() {
		close(answered)
	}
	c.wait()
	if c.session().Attrs["immich.id"] == "" {
		t.Error("not learnt")
	}
}

func TestOneQuestionForManyRequests(t *testing.T) {
	t.Parallel()
	b := newBackend()
	store := &storetest.Hooked{Store: memstore.New()}
	sites := []*site{newSiteOn(t, immich.Config{}, store, b), newSiteOn(t, immich.Config{}, store, b)}
	c := sites[0].old(browser, "ada")
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			o := sites[i%2].client(browser)
			if status, body := o.do("GET", "/api/assets/1/thumbnail", "", c.cookie()...); status != 200 {
				t.Errorf("got %d %s", status, body)
			}
		})
	}
	wg.Wait()
	if n := sites[0].live("ada"); n != 1 {
		t.Errorf("got %d sessions, want 1", n)
	}
}

func TestNobodysToken(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(browser)
	c.token = "nobodys"
	for range 5 {
		if got := c.want(401, "GET", "/api/assets/1/thumbnail", "", c.cookie()...); got != `{"message":"Invalid user token"}` {
			t.Errorf("got %s", got)
		}
		c.want(200, "GET", "/api/server/ping", "", c.cookie()...)
	}
}

func TestNoAdoption(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{NoAdoption: true})
	c := s.old(browser, "ada")
	c.want(200, "GET", "/api/assets/1/thumbnail", "", c.cookie()...)
	if s.live("ada") != 0 {
		t.Error("adopted")
	}
	if s.client(browser).login("ada"); s.live("ada") != 1 {
		t.Error("a sign-in was not seen")
	}
}

// What was revoked here stays so after the retention, for as long as Immich
// takes the token, and is forgotten then.
func TestRevokedIsNotAdoptedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(phone).login("ada")
	c.revoke()
	s.now.Store(int64(40 * 24 * time.Hour))
	_, err := s.manager.Purge(t.Context())
	must(t, err)
	s.immich.refusesLogout.Store(true)
	c.want(401, "GET", "/api/assets/1/thumbnail", "")
	if s.live("ada") != 0 {
		t.Fatal("adopted again")
	}
	cred := session.ForeignCredential(c.token)
	if _, _, err := s.store.Get(t.Context(), cred.ID); err != nil {
		t.Fatalf("the token is not known any more: %v", err)
	}
	s.immich.remove(func(*row) bool { return true })
	s.now.Add(int64(2 * time.Hour))
	if got := c.want(401, "GET", "/api/assets/1/thumbnail", ""); got != `{"message":"Authentication required"}` {
		t.Errorf("got %s", got)
	}
	if _, _, err := s.store.Get(t.Context(), cred.ID); err != session.ErrUnknown {
		t.Errorf("once Immich refuses the token: got %v, want it forgotten", err)
	}
	s.now.Add(int64(2 * time.Minute))
	if got := c.want(401, "GET", "/api/assets/1/thumbnail", ""); got != `{"message":"Invalid user token"}` {
		t.Errorf("got %s", got)
	}
}

func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{IdleTimeout: time.Hour})
	c := s.client(browser).login("ada")
	s.now.Store(int64(59 * time.Minute))
	c.want(200, "GET", "/api/users/me", "")
	must(t, s.manager.Flush(t.Context()))
	s.now.Add(int64(61 * time.Minute))
	c.want(401, "GET", "/api/users/me", "")
}

func TestChild(t *testing.T) {
	t.Parallel()
	s := newSite(t, immich.Config{})
	c := s.client(phone).login("ada")
	body := c.want(201, "POST", "/api/sessions", `{"deviceType":"Cast","deviceOS":"Google Cast"}`)
	cast := s.client("Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56.500000")
	cast.token = field(body, "token")
	cast.want(200, "GET", "/api/assets/1/thumbnail?sessionKey="+cast.token, "")
	child := cast.session()
	if parent, ok := child.Parent(); !ok || parent != c.session().ID || child.Name != "Google Cast" || child.Attrs["immich.id"] != field(body, "id") {
		t.Errorf("got %+v", child)
	}
	c.revoke()
	cast.want(401, "GET", "/api/assets/1/thumbnail?sessionKey="+cast.token, "")
	if s.live("ada") != 0 {
		t.Errorf("got %d live sessions", s.live("ada"))
	}
}
