package activity_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/session"
)

// The description is compared with what is served.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	scfg := described()
	scfg.Assessor = session.AssessorFunc(newCountry)
	s := newSite(t, activity.Config{}, scfg)
	me := s.signIn(t, "alice")
	s.pass(time.Second)
	unusual, other := s.signIn(t, "alice"), s.signIn(t, "alice")
	want(t, first(me.submit("/sign-out", "id", other.id())), http.StatusSeeOther)
	s.pass(time.Minute)
	unusual.id()
	res, doc := me.do("GET", base+"/api/openapi.yaml", "")
	want(t, res, http.StatusOK)
	if got := res.Header.Get("Content-Type"); got != "application/yaml" {
		t.Errorf("Content-Type %q", got)
	}

	live, ended := me.list("/api/sessions")[1], me.list("/api/history")[0]
	for name, value := range map[string]any{
		"Session": live, "Device": live["device"], "Location": live["location"], "Signal": live["signals"].([]any)[0], "Badge": live["badges"].([]any)[0],
		"Review": me.get("/api/review"),
	} {
		wantProperties(t, doc, name, slices.Sorted(maps.Keys(value.(map[string]any))))
	}
	for name := range live {
		delete(ended, name)
	}
	wantProperties(t, doc, "EndedSession", slices.Sorted(maps.Keys(ended)))

	for path, methods := range operations(doc) {
		path = strings.Replace(path, "{id}", me.id(), 1)
		res, _ := me.do("PROPFIND", base+"/api"+path, "")
		want(t, res, http.StatusMethodNotAllowed)
		allow := strings.ReplaceAll(res.Header.Get("Allow"), "GET, HEAD", "GET")
		if got := strings.ToUpper(strings.Join(methods, ", ")); got != allow {
			t.Errorf("%s: described %s, served %s", path, got, allow)
		}
	}
}

// wantProperties checks the schema's properties, and that those that are always
// served are required.
func wantProperties(t *testing.T, doc, schema string, served []string) {
	t.Helper()
	text := block(doc, "    "+schema+":\n", "     ")
	described := keys(block(text, "      properties:\n", "       "), "        ")
	slices.Sort(described)
	if !slices.Equal(described, served) {
		t.Errorf("%s: described %v, served %v", schema, described, served)
	}
	required := strings.Split(regexp.MustCompile(`required: \[(.*)\]`).FindStringSubmatch(text)[1], ", ")
	for _, name := range required {
		if !slices.Contains(described, name) {
			t.Errorf("%s: %s is required, and is not described", schema, name)
		}
	}
}

func operations(doc string) map[string][]string {
	paths := block(doc, "paths:\n", " ")
	all := map[string][]string{}
	for _, path := range keys(paths, "  ") {
		all[path] = slices.DeleteFunc(keys(block(paths, "  "+path+":\n", "   "), "    "), func(k string) bool { return k == "parameters" })
	}
	return all
}

// block returns the lines after the one that is start, as far as they are
// indented at least so much. The description is plain enough to be read so.
func block(doc, start, indent string) string {
	_, rest, _ := strings.Cut("\n"+doc, "\n"+start)
	var b strings.Builder
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, indent) {
			break
		}
		b.WriteString(line)
	}
	return b.String()
}

// keys returns the keys at exactly this indentation, in order.
func keys(doc, indent string) (all []string) {
	for line := range strings.Lines(doc) {
		rest, ok := strings.CutPrefix(line, indent)
		if name, _, isKey := strings.Cut(rest, ":"); ok && isKey && !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "-") {
			all = append(all, strings.Trim(name, `"`))
		}
	}
	return all
}
