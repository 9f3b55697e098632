package providers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/store/storetest/need"
)

// TestNodeProvider is the whole way at the certified provider oidc-provider,
// which names sign-ins (sid): sign-in, a second browser, step-up, sign-out there.
func TestNodeProvider(t *testing.T) {
	need.Heavy(t)
	a, addr := newApp(t), freeAddr(t)
	issuer := "http://" + addr
	lines := startNode(t, a, addr)
	a.start(t, issuer)

	laptop, phone := newBrowser(t), newBrowser(t)
	signInAtNode(laptop, a, "/login?next=/", "ada")
	signInAtNode(phone, a, "/login?next=/", "ada")
	laptop.wantSignedIn(a, true)
	phone.wantSignedIn(a, true)

	// The provider asks again, and the way leads back to where it began.
	p := signInAtNode(laptop, a, "/confirm?next=/devices", "ada")
	if p.status != http.StatusOK || p.url.Path != "/devices" {
		t.Errorf("step-up: got %d at %s, want the page of devices", p.status, p.url)
	}
	// The phone signs out at the provider; the laptop stays.
	ends := phone.streams(a)
	from := time.Now()
	p = phone.submit(phone.get(issuer+"/session/end"), url.Values{"logout": {"yes"}})
	if p.status != http.StatusOK {
		t.Errorf("sign-out at the provider: got %d %s", p.status, p.body)
	}
	wantLine(t, lines, "told "+clientID+" of ada")
	t.Logf("the provider has our answer after %v", time.Since(from).Round(time.Millisecond))
	wantCut(t, from, ends)
	phone.wantSignedIn(a, false)
	laptop.wantSignedIn(a, true)
}

func startNode(t *testing.T, a *app, addr string) <-chan string {
	node, npm := need.Program(t, "node"), need.Program(t, "npm")
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "provider.mjs"} {
		b, err := os.ReadFile(filepath.Join("node", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	client, err := json.Marshal(map[string]any{
		"client_id": clientID, "client_secret": clientSecret, "redirect_uris": []string{a.url() + "/callback"},
		"backchannel_logout_uri": a.url() + "/openid/logout", "backchannel_logout_session_required": true,
		"require_auth_time": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return program(t, node, filepath.Join(dir, "provider.mjs"), portOf(addr), string(client))
}

// signInAtNode goes through the provider's pages for sign-in and consent.
func signInAtNode(b *browser, a *app, path, user string) page {
	b.Helper()
	p := b.get(a.url() + path)
	for range 3 {
		if !strings.Contains(p.url.Path, "/interaction/") {
			return p
		}
		p = b.submit(p, url.Values{"login": {user}, "password": {"x"}})
	}
	b.Fatalf("the provider asks on: %s", p.body)
	return p
}
