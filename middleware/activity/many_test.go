package activity_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// startMany has the user signed in n times more, on devices that say agent. They
// are put where the Manager puts them, which is quicker than to sign in.
func (s *site) startMany(t testing.TB, user string, n int, agent func(i int) string) (ids []string) {
	t.Helper()
	for i := range n {
		s.pass(time.Second)
		ticket, err := s.manager.BeginSignIn(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		from := session.Origin{IP: netip.MustParseAddr("2001:db8:1234:5678:9abc:def0:1234:5678"), Hints: device.Hints{UserAgent: agent(i)}}
		opts := session.StartOptions{Carrier: session.CarrierBearer, Persistent: true}
		if i < 20 || n <= 400 {
			one, _, err := s.manager.Start(t.Context(), ticket, from, opts)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, one.ID.String())
			continue
		}
		id, _ := uuid.NewV7()
		all := s.last
		if all == nil {
			all, _, _ = s.store.Get(t.Context(), uuid.MustParse(ids[0]))
			s.last = all
		}
		one := all.Clone()
		one.ID, one.First.At, one.Last.At = id, s.manager.Now(), s.manager.Now()
		one.Last.Device.App = "Gallery" + strconv.Itoa(i%60)
		if err := s.store.Create(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id.String())
	}
	return ids
}

func apps(i int) string { return "phone Gallery" + strconv.Itoa(i%60) }

var linkNext = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// Each of very many sessions is on one page, can be found, and can be ended; the
// API says how many there are and where the next page is.
func TestManySessions(t *testing.T) {
	t.Parallel()
	const n = 330
	cfg := described()
	cfg.MaxPerUser, cfg.Assessor = -1, nil
	s := newSite(t, activity.Config{}, cfg)
	me := s.signIn(t, "alice")
	s.pass(time.Second)
	ids := s.startMany(t, "alice", n, apps)

	seen := make(map[string]int)
	rows := regexp.MustCompile(`name="sign-out" value="([^"]+)"`)
	nextPage := regexp.MustCompile(`href="[^"]*/(\?[^"]*)" rel="next"`)
	pages, query := 0, ""
	for {
		page := me.page(query)
		pages++
		for _, m := range rows.FindAllStringSubmatch(page, -1) {
			seen[m[1]]++
		}
		if !strings.Contains(page, fmt.Sprintf("%d other devices are signed in.", n)) {
			t.Fatalf("page %d does not say how many: %s", pages, page)
		}
		m := nextPage.FindStringSubmatch(page)
		if m == nil {
			break
		}
		query = strings.ReplaceAll(m[1], "&amp;", "&")
	}
	if len(seen) != n+1 || pages != 7 {
		t.Errorf("%d sessions on %d pages, want %d on 7", len(seen), pages, n+1)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s is there %d times", id, times)
		}
	}

	path, listed := base+"/api/sessions", []string{}
	for path != "" {
		res, body := me.do("GET", path, "")
		want(t, res, 200)
		if got := res.Header.Get("Total-Count"); got != strconv.Itoa(n+1) {
			t.Fatalf("Total-Count %s", got)
		}
		for _, m := range regexp.MustCompile(`"id":"([^"]+)"`).FindAllStringSubmatch(body, -1) {
			listed = append(listed, m[1])
		}
		path = ""
		if m := linkNext.FindStringSubmatch(res.Header.Get("Link")); m != nil {
			path = m[1]
		}
	}
	slices.Sort(listed)
	if len(slices.Compact(listed)) != n+1 {
		t.Errorf("the API has %d sessions", len(slices.Compact(listed)))
	}

	// The oldest, by its row on the last page, and back there.
	oldest := ids[0]
	res, _ := me.submit("/act", "sign-out", oldest, "list", query)
	wantRedirect(t, res, base+"/"+query+"#done")
	if !ended(s, oldest) {
		t.Error("the oldest is still signed in")
	}
	page := me.page("?q=gallery59")
	if !strings.Contains(page, "5 devices are like that.") || strings.Count(page, `name="sign-out"`) != 5 {
		t.Errorf("the search finds %s", page)
	}
	for _, bad := range []string{"x", "AAAA", strings.Repeat("A", 32) + "=", strings.Repeat("_", 32)} {
		res, body := me.do("GET", base+"/api/sessions?after="+bad, "")
		want(t, res, 400)
		wantProblem(t, res, body)
		want(t, first(me.do("GET", base+"/?after="+bad, "")), 400)
	}
}

// Of 5,000 sessions, a page is no larger than it may be.
func TestPageOf5000(t *testing.T) {
	t.Parallel()
	cfg := described()
	cfg.MaxPerUser = -1
	s := newSite(t, activity.Config{}, cfg)
	me := s.signIn(t, "alice")
	s.startMany(t, "alice", 5000, apps)
	page := me.page("")
	if n := strings.Count(page, `name="sign-out"`); n > 51 || n < 50 || len(page) > 60<<10 {
		t.Errorf("%d sessions in %d bytes, want 50 in at most %d", n, len(page), 60<<10)
	}
	t.Logf("%d sessions in %d bytes", strings.Count(page, `name="sign-out"`), len(page))
}

// BenchmarkPage compares the page of a user with 50 sessions and with 5,000.
func BenchmarkPage(b *testing.B) {
	for _, n := range []int{50, 5000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			cfg := described()
			cfg.MaxPerUser = -1
			s := newSite(b, activity.Config{}, cfg)
			me := s.signIn(b, "alice")
			s.startMany(b, "alice", n, apps)
			for b.Loop() {
				me.page("")
			}
		})
	}
}

// Several are signed out in one step, and the page says how many.
func TestSignOutSeveral(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	me := s.signIn(t, "alice")
	bob := s.signIn(t, "bob")
	for want := range 3 { // of one there is nothing to select
		page := me.page("")
		if boxes := strings.Count(page, "<input type=checkbox"); boxes != want-want%2 || strings.Contains(page, `name="sign-out-several"`) != (want > 1) {
			t.Errorf("of %d others, %d can be selected", want, boxes)
		}
		s.startMany(t, "alice", 1, apps)
	}
	ids := s.startMany(t, "alice", 4, apps)
	form := formField.FindStringSubmatch(me.page(""))[1]
	send := func(body string) *http.Response {
		return first(me.do("POST", base+"/act", "form="+form+body, "Content-Type", "application/x-www-form-urlencoded"))
	}
	wantDone(t, me, send("&sign-out-several=1"), "no device was selected")
	// Enter on a box presses the first button of the form, which is none of a device.
	wantRedirect(t, send("&none=&id="+ids[0]+"&list=%3Fq%3Dgallery"), base+"/?q=gallery")
	if list := me.page(""); strings.Index(list, `name="none"`) > strings.Index(list, `name="sign-out"`) || ended(s, ids[0]) {
		t.Error("Enter on a box signs a device out")
	}
	wantDone(t, me, send("&sign-out-several=1&id="+me.id()+"&id="+ids[0]+"&id="+ids[1]+"&id="+bob.id()), "2 devices were signed out.")
	if !ended(s, ids[0]) || !ended(s, ids[1]) || ended(s, ids[2]) || !me.signedIn() || !bob.signedIn() {
		t.Error("not exactly the selected ones are signed out")
	}
	// A row's own button is about that row alone, whatever is selected.
	wantDone(t, me, send("&sign-out="+ids[2]+"&id="+ids[3]), "was signed out.")
	if !ended(s, ids[2]) || ended(s, ids[3]) {
		t.Error("not exactly the one of the row is signed out")
	}
	want(t, send("&sign-out-several=1"+strings.Repeat("&id="+ids[3], 51)), http.StatusForbidden)
}

// Twins have numbers, everywhere; more than three fold into one row, never with
// one that looks unusual.
func TestTwinsAndFolds(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, strangers())
	me := s.signIn(t, "alice", "User-Agent", "desktop")
	s.pass(time.Second)
	agent := func(int) string { return "tablet Gallery" }
	s.startMany(t, "alice", 3, agent)
	page := me.page("")
	for _, label := range []string{">Gallery app on Android<", ">Gallery app on Android (2)<", ">Gallery app on Android (3)<"} {
		if strings.Count(page, label) != 1 {
			t.Errorf("%s is there %d times", label, strings.Count(page, label))
		}
	}
	if strings.Contains(page, `class="fold"`) {
		t.Error("three are folded")
	}
	if got := fmt.Sprint(me.list("/api/sessions")); !strings.Contains(got, "label:Gallery app on Android (3)") {
		t.Errorf("the API says %s", got)
	}
	s.startMany(t, "alice", 2, agent)
	s.signInApp(t, "alice", "User-Agent", "tablet Gallery", "X-Test-IP", "198.51.100.7")
	page = me.page("")
	wantInOrder(t, page, "1 device needs a look.", "Please check", "Gallery app on Android (6)", `<li class="fold"><details><summary>Gallery app on Android: 5 of them</summary>`)
	if strings.Count(page, `class="fold"`) != 1 {
		t.Error("not exactly one row opens")
	}
}

// What stands under which heading, and the words that were wrong.
func TestWords(t *testing.T) {
	t.Parallel()
	cfg := session.Config{Locator: nil}
	s := newSite(t, activity.Config{Help: "https://help.example/", Zone: time.FixedZone("CEST", 2*60*60)}, cfg)
	me := s.signIn(t, "alice", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "X-Test-IP", "127.0.0.1")
	phone := "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Mobile Safari/537.36"
	for _, agent := range []string{"curl/8.5.0", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", phone} {
		s.signIn(t, "alice", "User-Agent", agent)
	}
	ticket, _ := s.manager.BeginSignIn(t.Context(), "alice")
	if _, _, err := s.manager.Start(t.Context(), ticket, session.Origin{Hints: device.Hints{UserAgent: "immich-android/3.1.0", AppModel: "Pixel 8", AppPlatform: "Android"}}, session.StartOptions{Carrier: session.CarrierBearer}); err != nil {
		t.Fatal(err)
	}
	page := me.page("")
	wantInOrder(t, page, "The computer that the site runs on", "4 May 2026, 05:02 CEST", "<h2 id=\"programs\">Programs</h2>", "Google", "curl", "Places are approximate", `href="https://help.example/"`)
	if strings.Count(page, "This device") != 1 || strings.Contains(page, "(approximate)") || strings.Contains(page, ">Browsers<") && strings.Contains(strings.Split(page, ">Programs<")[0], "curl") {
		t.Errorf("got %s", page)
	}
	wantInOrder(t, page, ">Apps, and browsers on the same phone<", ">Immich app on Pixel 8<", ">Chrome on Pixel 8<", ">Programs<")
	if !strings.Contains(page, "Last connected") {
		t.Error("a program is said to be active")
	}
}
