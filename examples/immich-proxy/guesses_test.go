package main

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
)

// Wrong passwords on Immich's own sign-in page are a reason on ours.
func TestWrongPasswordsAreShown(t *testing.T) {
	p := start(t, flags{addr: "127.0.0.1:0", devices: "/devices", fake: true})
	mine := p.login(desk)
	for range 3 {
		p.check(http.StatusUnauthorized, "POST", "/api/auth/login", `{"email":"`+strings.ToUpper(fakeEmail)+`","password":"guessed"}`, "Content-Type", "application/json")
	}
	p.login(phone)
	if _, page := p.check(http.StatusOK, "GET", "/devices", "", "Cookie", mine, "User-Agent", desk, "Accept", "text/html"); !strings.Contains(page, "3 wrong passwords were tried just before.") {
		t.Errorf("not on the page: %s", page)
	}
}

// Many wrong passwords from a network speak against who signs in from there within the
// hour, whomever they were for.
func TestGuessesCountForTheNetwork(t *testing.T) {
	now := time.Now()
	users := 0
	g := guesses{failed: func(string, time.Time) { users++ }}
	at := func(ip string, at time.Time, signIn bool) bool {
		t.Helper()
		lines, err := g.evidence(t.Context(), session.Case{SignIn: signIn, Visit: session.Visit{At: at, IP: netip.MustParseAddr(ip)}})
		if err != nil {
			t.Fatal(err)
		}
		return len(lines) == 1 && lines[0].Points > 0
	}
	for n := range manyGuesses {
		if at("198.51.100.7", now, true) {
			t.Errorf("%d are many", n)
		}
		g.add(immich.WrongPassword{IP: netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), At: now})
		g.add(immich.WrongPassword{At: now}) // from nobody knows where
	}
	g.add(immich.WrongPassword{UserID: "ada", At: now})
	for what, got := range map[string]bool{
		"a sign-in":        at("198.51.100.7", now, true),
		"mapped":           at("::ffff:198.51.100.7", now, true),
		"no move":          !at("198.51.100.7", now, false),
		"not elsewhere":    !at("203.0.113.7", now, true),
		"not an hour late": !at("198.51.100.7", now.Add(guessWindow), true),
		"its user":         users == 1,
	} {
		if !got {
			t.Errorf("wrong: %s", what)
		}
	}
	for n := range 2 * maxNetworks {
		g.add(immich.WrongPassword{IP: netip.AddrFrom4([4]byte{byte(n >> 8), byte(n), 1, 1}), At: now})
	}
	if len(g.all) > maxNetworks {
		t.Errorf("%d networks are kept", len(g.all))
	}
}
