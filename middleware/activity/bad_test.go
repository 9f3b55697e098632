package activity_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// Everything that can be sent wrongly gets a clear no, never a 5xx, and nothing
// is changed; each status and each code is in the description.
func TestBadInputs(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{LinkKeys: linkKeys}, session.Config{ProfileKeys: linkKeys})
	me, other, bob := s.signIn(t, "alice"), s.signIn(t, "alice"), s.signIn(t, "bob")
	mine, theirs, bobs := me.id(), other.id(), bob.id()
	_, doc := me.do("GET", base+"/api/openapi.yaml", "")
	form := formField.FindStringSubmatch(me.page(""))[1]

	n := 0
	send := func(method, path, body string, header ...string) {
		t.Helper()
		n++
		res, text := me.do(method, base+path, body, header...)
		if res.StatusCode < 400 && res.StatusCode != http.StatusSeeOther || res.StatusCode >= 500 {
			t.Errorf("%s %.80s %.40q %v: got %d %.200s", method, path, body, header, res.StatusCode, text)
		}
		if !strings.HasPrefix(path, "/api/") {
			return
		}
		var p struct {
			Type, Title, Code string
			Status            int
		}
		if method != "HEAD" && (json.Unmarshal([]byte(text), &p) != nil || p.Status != res.StatusCode || p.Title == "" || p.Type != "urn:signedin:"+p.Code) {
			t.Errorf("%s %.80s: no problem: %s", method, path, text)
		}
		if method != "HEAD" && !strings.Contains(doc, p.Code+",") && !strings.Contains(doc, p.Code+"]") {
			t.Errorf("%s %.80s: the code %q is not described", method, path, p.Code)
		}
		if !isDescribed(doc, method, strings.TrimPrefix(path, "/api"), res.StatusCode) {
			t.Errorf("%s %.80s: %d is not described", method, path, res.StatusCode)
		}
	}
	ids := []string{"x", bobs, "%00", "%2e%2e%2f", "00000000-0000-0000-0000-000000000000", "01890a5d-ac96-774b-bcce-b302099a8057", "{" + theirs + "}", strings.ReplaceAll(theirs, "-", ""),
		strings.ToUpper(theirs) + "x", "urn:uuid:" + theirs, strings.Repeat("a", 900), "'%20or%201=1--", "%F0%9F%92%A9", theirs + "%0a"}
	for _, id := range ids {
		send("DELETE", "/api/sessions/"+id, "")
		send("PATCH", "/api/sessions/"+id, `{"name":"x"}`, "Content-Type", jsonType)
		send("POST", "/api/sessions/"+id+"/confirm", "")
		send("POST", "/api/sessions/"+id+"/deny", "")
	}
	for _, body := range []string{``, `{`, `{}`, `null`, `[]`, `"x"`, `1`, `{"name":1}`, `{"name":null}`, `{"NAME":"x"}`, `{"name":"x","y":1}`, `{"name":"x"}{}`, `{"name":"\ud800"}`, "{\"name\":\"\xff\"}",
		`{"name":"\u0000"}`, `{"name":"\u202e"}`, `{"name":"\u3164"}`, `{"name":"\u2800"}`, `{"name":"\u200d"}`, `{"name":"` + strings.Repeat("x", 65) + `"}`, `{"name":"` + strings.Repeat("x", 9000) + `"}`,
		"\xef\xbb\xbf{\"name\":\"x\"}", strings.Repeat("[", 4000)} {
		send("PATCH", "/api/sessions/"+mine, body, "Content-Type", jsonType)
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ";", "application/json, text/plain"} {
		send("PATCH", "/api/sessions/"+mine, `{"name":"x"}`, "Content-Type", kind)
	}
	for path := range operations(doc) {
		path = "/api" + strings.Replace(path, "{id}", theirs, 1)
		for _, method := range []string{"PUT", "OPTIONS", "PROPFIND"} {
			send(method, path, "")
		}
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", ""}, {"Sec-Fetch-Site", "", "Origin", "null"}, {"Sec-Fetch-Site", "", "Origin", "https://evil.example"}} {
		send("DELETE", "/api/sessions/"+theirs, "", header...)
		send("POST", "/api/sessions/revoke-others", "", header...)
		send("DELETE", "/api/known-devices", "", header...)
		send("POST", "/act", "form="+form+"&sign-out="+theirs, append(header, "Content-Type", "application/x-www-form-urlencoded")...)
	}
	for _, after := range []string{"x", "!", strings.Repeat("A", 31), strings.Repeat("A", 5000), "%00", "_____________________________w"} {
		send("GET", "/api/sessions?after="+after, "")
		send("GET", "/?after="+after, "")
	}
	for _, body := range []string{"", "form=x", "form=" + form + "x&sign-out=" + theirs, "form=%zz", "sign-out=" + theirs, "form=" + form, "form=" + form + "&do=sign-out",
		"form=" + form + "&sign-out-several=1" + strings.Repeat("&id="+theirs, 60), strings.Repeat("x", 9000), "form=" + form + "&rename=" + theirs + "&name=%E2%80%AE"} {
		send("POST", "/act", body, "Content-Type", "application/x-www-form-urlencoded")
		send("POST", "/sign-out-several", body, "Content-Type", "application/x-www-form-urlencoded")
	}
	for _, path := range []string{"/api", "/api/", "/api/x", "/api/sessions/", "/api/sessions/x/y/z", "/x", "/link?t=x", "/link", "/do?do=x", "/do?do=sign-out&id=x", "/rename?id=x", "/rename"} {
		send("GET", path, "")
	}
	if n < 120 {
		t.Errorf("%d inputs, want at least 120", n)
	}
	t.Logf("%d inputs", n)
	if !other.signedIn() || !bob.signedIn() || !me.signedIn() {
		t.Error("somebody was signed out")
	}
	if all := me.list("/api/sessions"); len(all) != 2 || all[0]["name"] != "" || all[1]["name"] != "" {
		t.Errorf("something was changed: %v", all)
	}
	s.pass(time.Hour)
	send("DELETE", "/api/sessions/"+theirs, "") // no recent proof
}

// isDescribed reports whether the description has that status for the operation,
// or that there is no such operation.
func isDescribed(doc, method, path string, status int) bool {
	path, _, _ = strings.Cut(path, "?")
	paths := block(doc, "paths:\n", " ")
	for _, name := range keys(paths, "  ") {
		pattern := strings.Split(name, "/")
		parts := strings.Split(path, "/")
		if len(pattern) != len(parts) || !slices.EqualFunc(pattern, parts, func(a, b string) bool { return a == b || a == "{id}" && b != "" && b != "revoke-others" }) {
			continue
		}
		of := block(block(paths, "  "+name+":\n", "   "), "    "+strings.ToLower(method)+":\n", "     ")
		if of == "" {
			return status == http.StatusMethodNotAllowed || status == http.StatusForbidden
		}
		return strings.Contains(of, fmt.Sprintf("%q:", fmt.Sprint(status)))
	}
	return status == http.StatusNotFound
}

// The description is there without a session, each operation has an ID of its
// own, and each that works is served.
func TestDescriptionForEverybody(t *testing.T) {
	t.Parallel()
	s := newSite(t, activity.Config{}, session.Config{})
	res, doc := s.reader(t).do("GET", base+"/api/openapi.yaml", "")
	want(t, res, 200)
	seen := map[string]bool{}
	for path, methods := range operations(doc) {
		for _, m := range methods {
			of := block(block(block(doc, "paths:\n", " "), "  "+path+":\n", "   "), "    "+m+":\n", "     ")
			_, id, _ := strings.Cut(of, "operationId: ")
			id, _, _ = strings.Cut(id, "\n")
			if id == "" || seen[id] {
				t.Errorf("%s %s: operationId %q", m, path, id)
			}
			seen[id] = true
			if path != "/openapi.yaml" && (!strings.Contains(of, `"401":`) || !strings.Contains(of, `"503":`)) {
				t.Errorf("%s %s: not every status is described", m, path)
			}
		}
	}
}
