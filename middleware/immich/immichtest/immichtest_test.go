package immichtest_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/immich/immichtest"
)

const (
	email    = "admin@example.com"
	password = "password1"
	android  = "immich-android/3.1.0"
	chrome   = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)

type fake struct {
	*immichtest.Server
	t    *testing.T
	user immichtest.User
	url  string
}

func newFake(t *testing.T) *fake {
	t.Helper()
	s := immichtest.New()
	front := httptest.NewServer(s)
	t.Cleanup(front.Close)
	t.Cleanup(s.Close)
	return &fake{s, t, s.AddUser(email, password), front.URL}
}

// do sends a request; headers alternate with their values.
func (f *fake) do(method, path, body string, headers ...string) (*http.Response, string) {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return res, string(got)
}

func (f *fake) check(want string, method, path, body string, headers ...string) string {
	f.t.Helper()
	res, got := f.do(method, path, body, headers...)
	if line := fmt.Sprintf("%d %s", res.StatusCode, got); !strings.HasPrefix(line, want) {
		f.t.Errorf("%s %s: got %s, want %s", method, path, line, want)
	}
	return got
}

// login returns a token.
func (f *fake) login(headers ...string) string {
	f.t.Helper()
	body := f.check("201 ", http.MethodPost, "/api/auth/login", `{"email":"`+email+`","password":"`+password+`"}`, headers...)
	return f.field(body, "accessToken")
}

func (f *fake) field(body, name string) string {
	f.t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		f.t.Fatalf("%v in %s", err, body)
	}
	v, _ := all[name].(string)
	return v
}

func cookie(token string) string { return "immich_access_token=" + token }

// The answers without a state, to the letter.
func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	token := f.login()
	for _, c := range []struct{ want, method, path, body, cookie string }{
		{`200 {"api":{"endpoint":"/api"}}`, "GET", "/.well-known/immich", "", ""},
		{`200 {"res":"pong"}`, "GET", "/api/server/ping", "", "dead"},
		{`200 {"major":3,"minor":1,"patch":0,"prerelease":null}`, "GET", "/api/server/version", "", ""},
		{`401 {"message":"Incorrect email or password"}`, "POST", "/api/auth/login", `{"email":"admin@example.com","password":"x"}`, ""},
		{`400 {"message":"Validation failed"`, "POST", "/api/auth/login", `{"email":"nope"}`, ""},
		{`200 {"authStatus":true}`, "POST", "/api/auth/validateToken", "", token},
		{`401 {"message":"Invalid user token"}`, "POST", "/api/auth/validateToken", "", "dead"},
		{`401 {"message":"Authentication required"}`, "GET", "/api/users/me", "", ""},
		{`401 {"message":"Invalid user token"}`, "GET", "/api/users/me", "", "dead"},
		{`200 {"pinCode":false,"password":true,"isElevated":false}`, "GET", "/api/auth/status", "", token},
		{`400 {"message":"Wrong password"}`, "POST", "/api/auth/change-password", `{"password":"bad","newPassword":"password1"}`, token},
		{`400 {"message":"OAuth is not enabled"}`, "POST", "/api/oauth/authorize", `{"redirectUri":"app.immich:///oauth-callback","state":"s"}`, ""},
		{`307 Temporary Redirect. Redirecting to app.immich:///oauth-callback?code=abc&state=s`, "GET", "/api/oauth/mobile-redirect?code=abc&state=s", "", ""},
		{`400 {"message":"Not found or no authDevice.delete access"}`, "DELETE", "/api/sessions/dd96a787-a4fe-4f73-8b6a-149db4d81ece", "", token},
		{`400 {"code":0,"message":"Transport unknown"}`, "GET", "/api/socket.io/?EIO=4&transport=polling", "", token},
		{`404 {"message":"Cannot POST /api/nothing"}`, "POST", "/api/nothing", "", token},
	} {
		f.check(c.want, c.method, c.path, c.body, "Cookie", cookie(c.cookie))
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	res, body := f.do("POST", "/api/auth/login", `{"email":"admin@example.com","password":"password1"}`, "X-Forwarded-Proto", "https")
	if res.StatusCode != http.StatusCreated {
		t.Fatalf("got %s", body)
	}
	if want := `^\{"accessToken":"\w{30,43}","userId":"[-0-9a-f]{36}","userEmail":"admin@example.com","name":"[^"]*","isAdmin":false,"profileImagePath":"","shouldChangePassword":false,"isOnboarded":true\}$`; !regexp.MustCompile(want).MatchString(body) {
		t.Errorf("got %s, want %s", body, want)
	}
	for i, want := range []string{
		`^immich_access_token=\w{30,43}; Max-Age=34560000; Path=/; Expires=.* GMT; HttpOnly; Secure; SameSite=Lax$`,
		`^immich_auth_type=password; Max-Age=34560000; Path=/; Expires=.* GMT; HttpOnly; Secure; SameSite=Lax$`,
		`^immich_is_authenticated=true; Max-Age=34560000; Path=/; Expires=.* GMT; Secure; SameSite=Lax$`,
	} {
		if got := res.Header["Set-Cookie"]; len(got) != 3 || !regexp.MustCompile(want).MatchString(got[i]) {
			t.Errorf("got %q, want %s", got, want)
		}
	}
	if res, _ := f.do("POST", "/api/auth/login", `{"email":"admin@example.com","password":"password1"}`); strings.Contains(res.Header.Get("Set-Cookie"), "Secure") {
		t.Error("the cookie is Secure on plain HTTP")
	}
	token := f.field(body, "accessToken")
	res, body = f.do("POST", "/api/auth/logout", "", "Cookie", cookie(token))
	if want := `{"successful":true,"redirectUri":"/auth/login?autoLaunch=0"}`; body != want {
		t.Errorf("got %s, want %s", body, want)
	}
	if got, want := res.Header["Set-Cookie"], "immich_access_token=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"; len(got) != 3 || got[0] != want {
		t.Errorf("got %q, want %s first", got, want)
	}
	f.check(`401 {"message":"Invalid user token"}`, "POST", "/api/auth/logout", "", "Cookie", cookie(token))
}

func TestFirstCredentialDecides(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	good, key, share := f.login(), f.AddAPIKey(f.user.ID), f.AddShare(f.user.ID)
	const me = "/api/users/me"
	for _, c := range []struct {
		want, path string
		headers    []string
	}{
		{"200", me, []string{"Cookie", cookie(good)}},
		{"200", me, []string{"X-Immich-User-Token", good, "Cookie", cookie("bad")}},
		{"401", me, []string{"X-Immich-User-Token", "bad", "Cookie", cookie(good)}},
		{"200", me, []string{"X-Immich-User-Token", "", "Cookie", cookie(good)}},
		{"401", me, []string{"X-Immich-Session-Token", "bad", "Authorization", "Bearer " + good}},
		{"200", me, []string{"X-Immich-User-Token", good, "X-Immich-Session-Token", "bad"}},
		{"401", me + "?sessionKey=bad", []string{"Authorization", "Bearer " + good}},
		{"200", me + "?sessionKey=" + good, []string{"Authorization", "Bearer bad"}},
		{"200", me, []string{"Authorization", "bearer " + good, "Cookie", cookie("bad")}},
		{"401", me, []string{"Authorization", "Bearer bad", "Cookie", cookie(good)}},
		{"200", me, []string{"Authorization", "Basic eDp5", "Cookie", cookie(good)}},
		{"200", me, []string{"X-Api-Key", key}},
		{"200", me + "?apiKey=" + key, nil},
		{`401 {"message":"Invalid user token"}`, me, []string{"Cookie", cookie("bad"), "X-Api-Key", key}},
		{`401 {"message":"Invalid API key"}`, me, []string{"X-Api-Key", "bad"}},
		{`401 {"message":"Invalid share key"}`, me + "?key=bad", []string{"Cookie", cookie(good)}},
		{`403 {"message":"Forbidden"}`, me + "?slug=" + share, []string{"Cookie", cookie(good)}},
		{`403 {"message":"Forbidden"}`, me, []string{"X-Immich-Share-Key", share}},
	} {
		f.check(c.want, "GET", c.path, "", c.headers...)
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	phone := f.login("User-Agent", android, "Devicemodel", "Pixel 8", "Devicetype", "Android")
	web := f.login("User-Agent", chrome)
	list := f.check("200", "GET", "/api/sessions", "", "Cookie", cookie(web), "User-Agent", chrome)
	for _, want := range []string{
		`"current":true,"appVersion":null,"deviceOS":"Windows","deviceType":"Chrome","isPendingSyncReset":false}`,
		`"current":false,"appVersion":"3.1.0","deviceOS":"android","deviceType":"Pixel 8","isPendingSyncReset":false}`,
	} {
		if !strings.Contains(list, want) {
			t.Errorf("got %s, want %s in it", list, want)
		}
	}
	cast := f.check("201", "POST", "/api/sessions", `{"deviceType":"Cast","deviceOS":"Google Cast","duration":900}`,
		"X-Immich-User-Token", phone, "User-Agent", android)
	child := f.field(cast, "token")
	if at, err := time.Parse(time.RFC3339, f.field(cast, "expiresAt")); err != nil || time.Until(at) > 15*time.Minute {
		t.Errorf("got %s", cast)
	}
	f.check("200", "GET", "/api/users/me?sessionKey="+child, "")
	all := f.Sessions(f.user.ID)
	if len(all) != 3 || all[0].ParentID != all[2].ID {
		t.Fatalf("got %+v", all)
	}
	f.check("204", "DELETE", "/api/sessions/"+all[2].ID, "", "Cookie", cookie(web))
	f.check("401", "GET", "/api/users/me?sessionKey="+child, "") // with its parent
	f.check("401", "POST", "/api/auth/validateToken", "", "Cookie", cookie(phone))
	third := f.login()
	f.check("204", "DELETE", "/api/sessions", "", "Cookie", cookie(web))
	f.check("401", "GET", "/api/users/me", "", "Cookie", cookie(third))
	f.check("200", "GET", "/api/users/me", "", "Cookie", cookie(web))
}

// The device that Immich shows is that of the last client with another version.
func TestDeviceIsOverwritten(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	token := f.login("User-Agent", android, "Devicemodel", "Pixel 8", "Devicetype", "Android")
	for _, c := range []struct{ agent, kind, os, version string }{
		{android, "Pixel 8", "android", "3.1.0"},
		{"Dalvik/2.1.0 (Linux; U; Android 15; Pixel 8 Build/X)", "mobile", "Android", ""},
		{"Immich_Android_2.5.6", "", "", "2.5.6"},
		{"immich-ios/3.1.0", "", "", "3.1.0"},
		{"immich-android/3.1.0", "", "", "3.1.0"},
	} {
		f.check("200", "GET", "/api/users/me", "", "Cookie", cookie(token), "User-Agent", c.agent)
		if s := f.Sessions(f.user.ID)[0]; s.DeviceType != c.kind || s.DeviceOS != c.os || s.AppVersion != c.version {
			t.Errorf("after %s: got %+v, want %+v", c.agent, s, c)
		}
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	mine, other := f.login(), f.login()
	f.check("200", "PUT", "/api/users/me", `{"password":"password1"}`, "Cookie", cookie(mine))
	f.check("200", "GET", "/api/users/me", "", "Cookie", cookie(other))
	f.check("200", "POST", "/api/auth/change-password", `{"password":"password1","newPassword":"password2","invalidateSessions":false}`, "Cookie", cookie(mine))
	f.check("401", "GET", "/api/users/me", "", "Cookie", cookie(other))
	f.check("200", "GET", "/api/users/me", "", "Cookie", cookie(mine))
	f.check("401", "POST", "/api/auth/login", `{"email":"admin@example.com","password":"password1"}`)
}

func TestOAuth(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	signIn := func(code, sid string) string {
		f.AddOAuthCode(code, f.user.ID, "subject", sid)
		f.check(`201 {"url":"https://idp.example.com/authorize?`, "POST", "/api/oauth/authorize", `{"redirectUri":"https://photos.example.com/auth/login","state":"s"}`)
		callback := `{"url":"https://photos.example.com/auth/login?code=` + code + `&state=s","state":"s","codeVerifier":"v"}`
		body := f.check("201", "POST", "/api/oauth/callback", callback)
		f.check("500", "POST", "/api/oauth/callback", callback) // a code is good once
		return f.field(body, "accessToken")
	}
	one, two, three := signIn("c1", "sid1"), signIn("c2", "sid2"), f.login()
	logout := func(claims string) string {
		return "logout_token=e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".x"
	}
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	f.check("200", "POST", "/api/oauth/backchannel-logout", logout(`{"sub":"subject","sid":"sid1"}`), form...)
	f.check("401", "GET", "/api/users/me", "", "Cookie", cookie(one))
	f.check("200", "GET", "/api/users/me", "", "Cookie", cookie(two))
	f.check("200", "POST", "/api/oauth/backchannel-logout", logout(`{"sub":"subject"}`), form...)
	f.check("401", "GET", "/api/users/me", "", "Cookie", cookie(two))
	f.check("401", "GET", "/api/users/me", "", "Cookie", cookie(three))
	f.check("400", "POST", "/api/oauth/backchannel-logout", logout(`{}`), form...)
}

func TestAssets(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	token := f.login()
	send := func(content string, headers ...string) string {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("deviceAssetId", "x")
		file, _ := form.CreateFormFile("assetData", "x.jpg")
		_, _ = file.Write([]byte(content))
		_ = form.Close()
		headers = append(headers, "Cookie", cookie(token), "Content-Type", form.FormDataContentType())
		_, got := f.do("POST", "/api/assets", body.String(), headers...)
		return got
	}
	first := send("picture")
	id := f.field(first, "id")
	if want := `{"id":"` + id + `","status":"created"}`; first != want {
		t.Errorf("got %s, want %s", first, want)
	}
	again := `{"id":"` + id + `","status":"duplicate"}`
	if got := send("picture"); got != again {
		t.Errorf("got %s, want %s", got, again)
	}
	hash := sha1.Sum([]byte("picture"))
	if got := send("not looked at", "X-Immich-Checksum", base64.StdEncoding.EncodeToString(hash[:])); got != again {
		t.Errorf("got %s, want %s", got, again)
	}
	f.check(`200 {"results":[{"id":"a","action":"accept","isTrashed":false},{"id":"b","action":"reject","reason":"duplicate","assetId":"`+id+`","isTrashed":false}]}`,
		"POST", "/api/assets/bulk-upload-check", fmt.Sprintf(`{"assets":[{"id":"a","checksum":"%040d"},{"id":"b","checksum":"%x"}]}`, 1, hash), "Cookie", cookie(token))
	path := "/api/assets/" + id + "/original"
	f.check("206 ctu", "GET", path, "", "Cookie", cookie(token), "Range", "bytes=2-4")
	f.check("200 picture", "GET", path+"?key="+f.AddShare(f.user.ID), "")
	f.check("401", "GET", path, "")
	big := f.AddAsset(f.user.ID, func() io.ReadSeeker { return immichtest.Zeros(50 << 30) })
	f.check("206 \x00", "GET", "/api/assets/"+big+"/video/playback", "", "Cookie", cookie(token), "Range", "bytes=50000000000-50000000000")
	f.check("400", "GET", "/api/assets/none/original", "", "Cookie", cookie(token))
}

func TestSyncStream(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	lines := make(chan string, 1)
	f.SetStream(lines)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/api/sync/stream", nil)
	req.Header.Set("Cookie", cookie(f.login()))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for _, line := range []string{"one\n", "two\n"} {
		lines <- strings.TrimSpace(line)
		got := make([]byte, len(line))
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != line {
			t.Errorf("got %q, %v, want %q at once", got, err, line)
		}
	}
	close(lines)
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
		t.Errorf("got %q, %v at the end", rest, err)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.Refuse(http.StatusBadGateway)
	f.check("502", "GET", "/api/server/ping", "")
	f.Refuse(0)
	f.check("200", "GET", "/api/server/ping", "")
}

// What a person needs to try it.
func TestPages(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	for path, want := range map[string]string{"/": "<h1>Photos", "/photos": "<h1>Photos", "/auth/login": "<h1>Sign in", "/custom.css": ":root"} {
		if _, got := f.do("GET", path, ""); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s in it", path, got, want)
		}
	}
}

// What differs from how Go reads a request, a proxy has to see coming.
func TestReadsAsNode(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	token := f.login()
	for _, c := range [][]string{
		{"/api/users/me?sessionKey=" + token + "%23x", "401 "},
		{"/api/users/me", "200 ", "Authorization", "Bearer " + token + " x"},
		{"/api/users/me", "401 ", "Authorization", "Bearer  " + token},
		{"/api/users/me", "200 ", "Cookie", cookie(fmt.Sprintf("%%%x", token[0]) + token[1:])},
	} {
		f.check(c[1], http.MethodGet, c[0], "", c[2:]...)
	}
	for _, query := range []string{"sessionKey=" + token + "#x", "sessionKey=" + token + "\xa0"} {
		r := httptest.NewRequest(http.MethodGet, "/api/users/me", nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%q: got %d %s", query, w.Code, w.Body)
		}
	}
}

func TestPIN(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	token := f.login()
	id := f.Sessions(f.user.ID)[0].ID
	const pin, status = "/api/auth/pin-code", "/api/auth/status"
	for _, c := range [][4]string{
		{"204", "POST", pin, `{"pinCode":"123456"}`},
		{"400", "POST", pin, `{"pinCode":"123456"}`},
		{"204", "PUT", pin, `{"pinCode":"123456","newPinCode":"654321"}`},
		{"400", "POST", "/api/auth/session/unlock", `{"pinCode":"123456"}`},
		{`200 {"pinCode":true,"password":true,"isElevated":false}`, "GET", status},
		{"204", "POST", "/api/auth/session/unlock", `{"pinCode":"654321"}`},
		{`200 {"pinCode":true,"password":true,"isElevated":true,"pinExpiresAt":"`, "GET", status},
		{"204", "POST", "/api/auth/session/lock"},
		{`200 {"pinCode":true,"password":true,"isElevated":false}`, "GET", status},
		{"204", "POST", "/api/sessions/" + id + "/lock"},
		{"400", "POST", "/api/sessions/none/lock"},
		{"204", "DELETE", pin, `{"password":"` + password + `"}`},
		{`200 {"pinCode":false,"password":true,"isElevated":false}`, "GET", status},
		{`200 {"id":"` + id + `"`, "PUT", "/api/sessions/" + id, `{"isPendingSyncReset":true}`},
		{`200 {"id":"` + id + `"`, "PATCH", "/api/sessions/" + id, `{"isPendingSyncReset":false}`},
		{"400", "PUT", "/api/sessions/none", `{}`},
	} {
		f.check(c[0], c[1], c[2], c[3], "Cookie", cookie(token))
	}
}

// Times have three digits, also where the last is a zero.
func TestTimes(t *testing.T) {
	t.Parallel()
	for ms, want := range map[int]string{0: "000", 120: "120", 123: "123"} {
		at := time.Date(2026, 11, 23, 16, 17, 0, ms*1e6, time.UTC)
		if got, err := json.Marshal(immichtest.Stamp(at)); err != nil || string(got) != `"2026-11-23T16:17:00.`+want+`Z"` {
			t.Errorf("got %s, %v", got, err)
		}
	}
	f := newFake(t)
	body := f.check("200", "GET", "/api/sessions", "", "Cookie", cookie(f.login()))
	if !regexp.MustCompile(`"createdAt":"[0-9T:-]+\.\d{3}Z","updatedAt":"[0-9T:-]+\.\d{3}Z"`).MatchString(body) {
		t.Errorf("got %s", body)
	}
}
