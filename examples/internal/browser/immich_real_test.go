package browser_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/signedin/signedin/store/storetest/need"
)

// realImmich is an Immich that somebody runs for the tests, with the program in front.
type realImmich struct {
	t               *testing.T
	site            string // through the program
	email, password string // of a user who was made for the test
	token           string // of theirs
}

// call sends JSON, or what kind says, and returns the answer's.
func (i *realImmich) call(want int, method, path, token, kind string, body io.Reader) map[string]any {
	i.t.Helper()
	req, err := http.NewRequestWithContext(i.t.Context(), method, i.site+path, body)
	if err != nil {
		i.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		i.t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode != want {
		i.t.Fatalf("%s %s: got %s: %s", method, path, res.Status, text)
	}
	var answer map[string]any
	_ = json.Unmarshal(text, &answer)
	return answer
}

func (i *realImmich) json(want int, method, path, token, body string) map[string]any {
	i.t.Helper()
	return i.call(want, method, path, token, "application/json", strings.NewReader(body))
}

func newRealImmich(t *testing.T) *realImmich {
	t.Helper()
	need.Heavy(t)
	where := os.Getenv("IMMICH_URL")
	if where == "" { // which no CI has
		t.Skip("SKIPPED: needs a real Immich with its web client; set IMMICH_URL, IMMICH_ADMIN and IMMICH_ADMIN_PASSWORD")
	}
	site, _ := startProgram(t, "immich-proxy", "-target", where)
	i := &realImmich{t: t, site: site, email: fmt.Sprintf("user%d@example.com", rand.Uint64()), password: "correct horse battery"}
	in := func(email, password string) string {
		token, _ := i.json(201, "POST", "/api/auth/login", "", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password))["accessToken"].(string)
		return token
	}
	admin := in(cmp.Or(os.Getenv("IMMICH_ADMIN"), "admin@example.com"), os.Getenv("IMMICH_ADMIN_PASSWORD"))
	i.json(201, "POST", "/api/admin/users", admin, fmt.Sprintf(`{"email":%q,"password":%q,"name":"Ann","shouldChangePassword":false}`, i.email, i.password))
	i.token = in(i.email, i.password)
	i.json(200, "PUT", "/api/users/me/onboarding", i.token, `{"isOnboarded":true}`)
	return i
}

// upload uploads a picture, which Immich makes thumbnails of, and returns its ID.
func (i *realImmich) upload() string {
	i.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	now := time.Now().UTC().Format(time.RFC3339)
	for name, value := range map[string]string{"deviceAssetId": now, "deviceId": "test", "fileCreatedAt": now, "fileModifiedAt": now, "filename": "a.jpg"} {
		_ = form.WriteField(name, value)
	}
	part, _ := form.CreateFormFile("assetData", "a.jpg")
	picture := image.NewGray(image.Rect(0, 0, 640, 480))
	for n := range picture.Pix {
		picture.Pix[n] = byte(rand.N(256))
	}
	_ = jpeg.Encode(part, picture, nil)
	form.Close()
	id, _ := i.call(201, "POST", "/api/assets", i.token, form.FormDataContentType(), &body)["id"].(string)
	return id
}

// signIn fills in the form of Immich's own web client.
func (i *realImmich) signIn(p *profile) {
	i.t.Helper()
	p.open(i.t, "/auth/login")
	p.waitFor(i.t, `document.querySelector("input[type=password]") != null`)
	for selector, text := range map[chromedp.CSS]string{"input[type=email]": i.email, "input[type=password]": i.password} {
		run(i.t, p, chromedp.SendKeys(selector, text))
	}
	run(i.t, p, chromedp.Click(chromedp.CSS("button[type=submit]")))
	p.waitFor(i.t, `location.pathname == "/photos"`)
}

// In front of a real Immich, with its own web client in two browsers: a timeline's
// burst of thumbnails is answered whole, and who is signed out on our page is on the
// sign-in page by itself.
func TestRealImmich(t *testing.T) {
	i := newRealImmich(t)
	id := i.upload()
	chromium := findChromium(t)
	desk, lamp := newProfile(t, chromium, "desk", i.site), newProfile(t, chromium, "lamp", i.site)
	i.signIn(desk)
	i.signIn(lamp)
	const burst = `Promise.all(Array.from({length: 80}, (_, n) => fetch("/api/assets/` + `%s/thumbnail?n=" + n, {cache: "no-store"}).then(r => r.status))).then(all => all.filter(s => s != 200).length)`
	for end := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) { // until Immich has made the thumbnail
		if run(t, desk, chromedp.Evaluate[int](fmt.Sprintf(`fetch("/api/assets/%s/thumbnail").then(r => r.status)`, id), chromedp.EvalAwaitPromise)) == 200 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no thumbnail was made")
		}
	}
	for range 3 {
		if bad := run(t, desk, chromedp.Evaluate[int](fmt.Sprintf(burst, id), chromedp.EvalAwaitPromise)); bad != 0 {
			t.Errorf("%d of 80 thumbnails were not answered 200", bad)
		}
	}
	rows := desk.immichRows(t)
	if len(rows) != 3 || !rows[0].Current {
		t.Fatalf("got %+v, want three, this one first", rows)
	}
	sent := desk.signOut(t, find(t, rows, "Chrom"))
	lamp.waitFor(t, `location.pathname == "/auth/login"`)
	t.Logf("the other browser is on the sign-in page at most %d ms after the click", time.Now().UnixMilli()-sent)
	i.signIn(lamp) // with its dead cookies
	i.restart(desk, lamp)
}

// restart restarts Immich: who opens it meanwhile gets a page that becomes Immich's by
// itself, and nobody is signed out. IMMICH_RESTART is a command that stops and starts it.
func (i *realImmich) restart(all ...*profile) {
	t := i.t
	t.Helper()
	command := os.Getenv("IMMICH_RESTART")
	if command == "" {
		t.Log("SKIPPED: no restart of Immich; set IMMICH_RESTART")
		return
	}
	if out, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput(); err != nil {
		t.Fatalf("IMMICH_RESTART: %v, %s", err, out)
	}
	for end := time.Now().Add(patience); i.status() != http.StatusBadGateway; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was never away")
		}
	}
	for _, p := range all {
		p.open(t, "/photos")
		p.waitFor(t, `document.querySelector("h1") != null`)
		p.picture(t, "immich-restarts")
	}
	for end := time.Now().Add(10 * time.Minute); i.status() != http.StatusOK; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("Immich does not come back")
		}
	}
	for _, p := range all {
		p.waitFor(t, `location.pathname == "/photos" && document.querySelector("img[src*=thumbnail]") != null`)
	}
	if rows := all[0].immichRows(t); len(rows) != 3 {
		t.Errorf("got %+v, want three, as before", rows)
	}
}

// status is what the user's token gets.
func (i *realImmich) status() int {
	i.t.Helper()
	req, err := http.NewRequestWithContext(i.t.Context(), http.MethodGet, i.site+"/api/users/me", nil)
	if err != nil {
		i.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+i.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		i.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}
