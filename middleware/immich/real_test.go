package immich_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
)

// realHouse is in front of a real Immich, of which more is needed than where it is.
// These tests take it away from all others who use it: they run one by one.
func realHouse(t *testing.T, needs string) (h *house, more string) {
	t.Helper()
	where, more := os.Getenv("IMMICH_URL"), os.Getenv(needs)
	if where == "" || needs != "" && more == "" { // which no CI has
		t.Skipf("SKIPPED: needs a real Immich; set IMMICH_URL, IMMICH_ADMIN, IMMICH_ADMIN_PASSWORD %s", needs)
	}
	return newHouse(t, immich.Config{}, where, nil), more
}

// comesBack waits until Immich does, which takes minutes on a busy machine.
const comesBack = 10 * time.Minute

func (h *house) until(what string, is func() bool) {
	h.t.Helper()
	for end := time.Now().Add(comesBack); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("not within %v: %s", comesBack, what)
		}
	}
}

// What Immich's nightly clean-up deletes ends here at the next look. IMMICH_DATABASE is
// the URL of its database, in which a session is made to look old.
func TestRealNightlyCleanUp(t *testing.T) {
	h, database := realHouse(t, "IMMICH_DATABASE")
	p := h.person()
	me, old := p.signIn(browser), p.signIn(phone)
	p.signIn(browser)
	h.wantEqual(me)
	id := old.session().Attrs[immich.AttrID]
	out, err := exec.CommandContext(t.Context(), "psql", database, "-v", "ON_ERROR_STOP=1", "-c", // without the trigger that has it be now
		fmt.Sprintf(`set session_replication_role = replica; update session set "updatedAt" = now() - interval '91 days' where id = '%s'`, id)).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "UPDATE 1") {
		t.Fatalf("psql: %v, %s", err, out)
	}
	was := h.admin.want(200, "GET", "/api/system-config", "")
	var config map[string]any
	must(t, json.Unmarshal([]byte(was), &config))
	defer func() { h.admin.json(200, "PUT", "/api/system-config", was) }()
	// At a full minute, and as soon as it has been read.
	config["nightlyTasks"] = map[string]any{"startTime": time.Now().Add(time.Minute + 5*time.Second).Format("15:04"), "databaseCleanup": true,
		"clusterNewFaces": false, "generateMemories": false, "missingThumbnails": false, "syncQuotaUsage": false}
	body, err := json.Marshal(config)
	must(t, err)
	h.admin.json(200, "PUT", "/api/system-config", string(body))
	h.until("cleaned up", func() bool { return !slices.Contains(h.immichs(me.token), id) })
	h.wantEqual(me)
	if got := old.reason(); got != session.ReasonIssuer {
		t.Errorf("the old one: got %q", got)
	}
	old.want(401, "GET", "/api/users/me", "")
}

// seen is what a person and a program are answered.
type seen struct{ page, call int }

// look sends what both would, and says what neither may see.
func (c *client) look() seen {
	c.t.Helper()
	get := func(path, accept string) (*http.Response, int) {
		req, err := http.NewRequestWithContext(c.t.Context(), "GET", c.server.URL+path, nil)
		must(c.t, err)
		req.Header.Set("Accept", accept)
		req.Header.Set("Cookie", "immich_access_token="+c.token)
		res, err := http.DefaultClient.Do(req)
		must(c.t, err)
		res.Body.Close()
		return res, res.StatusCode
	}
	page, status := get("/photos", "text/html,application/xhtml+xml,*/*;q=0.8")
	if kind := page.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		c.t.Errorf("a person got %d %s", status, kind)
	}
	if status != 200 && page.Header.Get("Refresh") == "" {
		c.t.Errorf("a person got %d, of a page that does not try again", status)
	}
	call, of := get("/api/users/me", "application/json")
	if of == 401 || of >= 502 && call.Header.Get("Retry-After") == "" {
		c.t.Errorf("a program got %d, Retry-After %q", of, call.Header.Get("Retry-After"))
	}
	if ours, _ := get("/devices/", "text/html"); ours.StatusCode != 200 {
		c.t.Errorf("our page: %d", ours.StatusCode)
	}
	return seen{status, of}
}

// wantUnharmed waits until Immich is back, and sees that nobody was signed out.
func (h *house) wantUnharmed(all map[seen]int, me, other *client) {
	h.t.Helper()
	h.until("it is back", func() bool {
		s := me.look()
		all[s]++
		return s == seen{200, 200}
	})
	h.t.Logf("until it was back a person and a program got: %v", all)
	if len(all) < 2 {
		h.t.Error("it was never away")
	}
	for _, c := range []*client{me, other} {
		if got := c.reason(); got != "" {
			h.t.Errorf("ended: %q", got)
		}
		c.want(200, "GET", "/api/users/me", "")
	}
	h.wantEqual(me)
}

// Maintenance signs nobody out: people see Immich's page about it, and ours that tries
// again while it comes and goes.
func TestRealMaintenance(t *testing.T) {
	h, _ := realHouse(t, "")
	p := h.person()
	me, other := p.signIn(browser), p.signIn(phone)
	h.wantEqual(me)
	all := make(map[seen]int)
	h.admin.json(201, "POST", "/api/admin/maintenance", `{"action":"start"}`)
	h.until("maintenance", func() bool {
		s := me.look()
		all[s]++
		return s == seen{200, 404}
	})
	h.admin.json(201, "POST", "/api/admin/maintenance", `{"action":"end"}`)
	h.wantUnharmed(all, me, other)
}

// A restart signs nobody out. IMMICH_RESTART is a command that stops Immich and starts it.
func TestRealRestart(t *testing.T) {
	h, restart := realHouse(t, "IMMICH_RESTART")
	p := h.person()
	me, other := p.signIn(browser), p.signIn(phone)
	h.wantEqual(me)
	all := make(map[seen]int)
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", restart).CombinedOutput(); err != nil {
		t.Fatalf("IMMICH_RESTART: %v, %s", err, out)
	}
	h.wantUnharmed(all, me, other)
}
