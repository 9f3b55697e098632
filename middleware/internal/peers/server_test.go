package peers_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/signedin/signedin/store/memstore"
)

var requestsASecond = regexp.MustCompile(`Requests/sec:\s*([0-9.]+)`)

// TestTableOfServer has wrk ask a server by 64 connections of 1,000 sessions, and
// one that has no library and gets the same Cookie lines. They share the machine
// with wrk.
func TestTableOfServer(t *testing.T) {
	measured(t)
	wrk, err := osexec.LookPath("wrk")
	if err != nil {
		t.Skip("SKIPPED: needs wrk")
	}
	us, _ := wholeSite(t, memstore.New(), nil)
	lines := us.signedIn(t, 1000)
	cookies := filepath.Join(t.TempDir(), "cookies")
	if err := os.WriteFile(cookies, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	lined := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { // what every library has to say that keeps caches off
		w.Header()["Vary"], w.Header()["Cache-Control"] = []string{"Cookie"}, []string{"private"}
		w.WriteHeader(http.StatusNoContent)
	}))
	ours := httptest.NewServer(us.me)
	defer bare.Close()
	defer lined.Close()
	defer ours.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ours.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Cookie", lines[0])
	if response, err := http.DefaultClient.Do(r); err != nil || response.StatusCode != http.StatusNoContent {
		t.Fatal("a session is not let in:", response, err)
	}
	rate := func(s *httptest.Server) float64 {
		cmd := osexec.CommandContext(t.Context(), wrk, "-t1", "-c64", "-d3s", "-s", filepath.Join("testdata", "wrk.lua"), s.URL)
		cmd.Env = append(os.Environ(), "COOKIES="+cookies)
		out, err := cmd.CombinedOutput()
		found := requestsASecond.FindSubmatch(out)
		if err != nil || found == nil || strings.Contains(string(out), "Non-2xx") {
			t.Fatalf("wrk: %v\n%s", err, out)
		}
		n, _ := strconv.ParseFloat(string(found[1]), 64)
		return n
	}
	var all, twoLines, without []float64
	for range *rounds {
		without = append(without, rate(bare))
		twoLines = append(twoLines, rate(lined))
		all = append(all, rate(ours))
	}
	tab := newTable("a server, by wrk")
	defer tab.end()
	tab.goal("requests a second", median(all), "", "")
	tab.goal("share of a server without a library that sets Vary and Cache-Control", ratio(twoLines, without), "x", "")
	tab.goal("share of a server without a library", ratio(all, without), "x", "0.92 or more")
}
