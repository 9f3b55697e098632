package immichtest

import (
	"net/http"
	"regexp"
	"strings"
)

var appVersion = regexp.MustCompile(`^(?:immich-(?:android|ios|unknown)/|Immich_(?:Android|iOS|Unknown)_)(.+)$`)

// deviceOf returns what Immich makes of a request's device, which is little.
func deviceOf(r *http.Request) (kind, os, version string) {
	agent := r.UserAgent()
	if m := appVersion.FindStringSubmatch(agent); m != nil {
		version = m[1]
	}
	kind = firstIn(agent, []string{"Edg/", "Edge", "HeadlessChrome/", "Chrome Headless", "Firefox/", "Firefox",
		"Chrome/", "Chrome", "Safari/", "Safari", "Dalvik/", "mobile"})
	os = firstIn(agent, []string{"Windows NT", "Windows", "immich-android", "android", "iPhone OS", "iOS",
		"Android ", "Android", "Mac OS X", "Mac OS", "Linux", "Linux"})
	return either(kind, r.Header.Get("Devicemodel")), either(os, r.Header.Get("Devicetype")), version
}

// firstIn returns the name of the first mark that the agent has; marks and
// names alternate.
func firstIn(agent string, marks []string) string {
	for i := 0; i < len(marks); i += 2 {
		if strings.Contains(agent, marks[i]) {
			return marks[i+1]
		}
	}
	return ""
}
