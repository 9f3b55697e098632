package immich_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest/need"
)

// express starts what Immich is made of, and returns where it listens.
func express(t *testing.T, dir, parser string) *url.URL {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", "server.mjs", parser)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	return &url.URL{Scheme: "http", Host: "127.0.0.1:" + strings.TrimSpace(port)}
}

// installExpress skips the test where npm is missing.
func installExpress(t *testing.T) string {
	t.Helper()
	need.Program(t, "node")
	need.Program(t, "npm")
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "express"))))
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}

// Whatever Express, Node and cookie make of a request, they read no token that
// was revoked here. Of each spelling it is told whether they read it in fact.
func TestExpressReadsNoDeadToken(t *testing.T) {
	t.Parallel()
	dir := installExpress(t)
	const me = "/api/users/me"
	for _, parser := range []string{"simple", "extended"} {
		target := express(t, dir, parser)
		s := newSite(t, immich.Config{})
		p, err := immich.New(s.manager, target, immich.Config{})
		must(t, err)
		inner := httptest.NewServer(p)
		t.Cleanup(inner.Close)
		s.server = inner
		if got := s.raw("GET", me, "Cookie", "immich_access_token=DEAD"); got != http.StatusOK {
			t.Fatalf("before: got %d", got)
		}
		must(t, s.manager.Revoke(t.Context(), "ada", session.ForeignCredential("DEAD").ID, session.ReasonAdmin))
		read := 0
		for _, r := range [][]string{
			{me + "?sessionKey=DEAD"}, {me + "?sessionKey=DEAD#x"}, {me + "?sessionKey=DEAD#"}, {me + "?sessionKey=DEAD&x=#"},
			{me + "?sessionKey=DEAD\xa0"}, {me + "?\xa0sessionKey=DEAD"}, {me + "?sessionKey=DEAD&a=\xa0"}, {me + "?sessionKey=DEAD\xc2\xa0"},
			{me + "?a=b\\&sessionKey=DEAD"}, {"http://y" + me + "?sessionKey=DEAD#q"}, {"/" + me + "?sessionKey=DEAD#q"}, {me + "?sessionKey=DEAD?x"},
			{me + "?sessionKey[]=DEAD"}, {me + "?sessionKey[a]=DEAD"}, {me + "?[sessionKey]=DEAD"}, {me + "?session%4Bey=DE%41D"},
			{me + "?sessionKey=DEAD;x"}, {me + "?x;sessionKey=DEAD"}, {me + "?sessionKey=DEAD&x=%zz"}, {me + "?x=%zz&sessionKey=DEAD"},
			{me + "?sessionKey=%20DEAD"}, {me + "?sessionKey=DEAD%00"}, {me + "?sessionKey=DEAD" + strings.Repeat("&", 11_000)}, {me + "?sessionKey=DEAD%E2"},
			{me, "Authorization", "Bearer DEAD"}, {me, "Authorization", "bearer DEAD x"}, {me, "Authorization", "Bearer  DEAD"}, {me, "Authorization", "Bearer \tDEAD"},
			{me, "Authorization", "Bearer DEAD", "Authorization", "Basic x"}, {me, "Authorization", "Bearer\r\n DEAD"}, {me, "X-Immich-User-Token", "DEAD\t"},
			{me, "X-Immich-User-Token", "DEAD\xa0"}, {me, "X-Immich-User-Token", "", "X-Immich-Session-Token", "DEAD"}, {me, "X-Immich-User-Token", "DEAD", "X-Immich-User-Token", ""},
			{me, "Cookie", "immich_access_token=%44EAD"}, {me, "Cookie", `immich_access_token="DEAD"`}, {me, "Cookie", "immich_access_token =\t DEAD"}, {me, "Cookie", "immich_access_token=DEAD\xa0"},
			{me, "Cookie", "immich_access_token=DEAD; immich_access_token=x"}, {me, "Cookie", "immich_access_token=; immich_access_token=DEAD"}, {me, "Cookie", "a; immich_access_token=DEAD"},
			{me, "Cookie", "a=b", "Cookie", "immich_access_token=DEAD"}, {me, "Cookie", "a=b, immich_access_token=DEAD"}, {me, "Cookie", "immich_access_token==DEAD"}, {me, "Cookie", "\xa0immich_access_token=DEAD"},
			{me + "?sessionKey=", "Cookie", "immich_access_token=DEAD"}, {me + "?sessionKey=x", "X-Immich-User-Token", "DEAD", "Connection", "X-Immich-User-Token"},
		} {
			direct := raw(t, target.Host, "GET", r[0], r[1:]...)
			if direct == http.StatusOK {
				read++
			}
			if got := s.raw("GET", r[0], r[1:]...); got == http.StatusOK {
				t.Errorf("%s: %.80q: passes; Express itself %d", parser, r, direct)
			}
		}
		if s.live("ada") > 0 || read < 20 {
			t.Errorf("%s: %d sessions, and %d spellings that are read", parser, s.live("ada"), read)
		}
		t.Logf("%s: %d spellings are read, none of them through the proxy", parser, read)
	}
}
