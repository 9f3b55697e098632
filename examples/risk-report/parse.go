package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unique"
)

// event is one line of a trace.
type event struct {
	at        time.Time
	user      string
	ip        netip.Addr
	userAgent string
	known     bool
	failed    bool
	visit     bool // a request, which may be of a session that is there
}

// errNoSignIn is of a line that tells of something else.
var errNoSignIn = errors.New("not about a sign-in")

// parse makes an event of the fields of a line.
func (n *names) parse(row map[string]string) (s event, err error) {
	field := func(column string) string { return row[n.found[column]] }
	if s.at, err = parseTime(field("time")); err != nil {
		return s, err
	}
	name := field("user")
	outcome := field("outcome")
	for _, column := range told {
		if words, ok := row[column]; ok && n.found["outcome"] == "" {
			var who string
			if outcome, who, err = whatHappened(words); err != nil {
				return s, err
			}
			if who != "" {
				name = who
			}
			break
		}
	}
	if status, ok := row["status"]; ok && row["request.remote_ip"]+row["request.client_ip"] != "" { // Caddy
		s.visit = true
		if !strings.HasPrefix(status, "2") && !strings.HasPrefix(status, "3") {
			return s, errNoSignIn
		}
	}
	if s.visit && name == "" {
		return s, errNoSignIn
	}
	if s.user = intern(name); s.user == "" || s.user == "-" || s.user == "--" {
		return s, errors.New("no user")
	}
	if s.ip, err = parseIP(field("ip")); err != nil {
		return s, err
	}
	s.userAgent = intern(field("user_agent"))
	if s.known, err = parseWord("known_device", field("known_device"), []string{"yes", "true", "1"}, []string{"", "no", "false", "0"}); err != nil {
		return s, err
	}
	s.failed, err = parseWord("outcome", outcome, []string{"failed", "false", "0", "failure", "error"}, []string{"", "ok", "true", "1", "success"})
	return s, err
}

// intern keeps one copy of what comes often.
func intern(s string) string { return unique.Make(strings.TrimSpace(s)).Value() }

var quotedUser = regexp.MustCompile(`^Login (?:successful|failed): "?([^"(]+?)"?(?: \(|$)`)

// whatHappened reads the words of Nextcloud, GitLab and Keycloak.
func whatHappened(words string) (outcome, user string, err error) {
	if m := quotedUser.FindStringSubmatch(words); m != nil {
		user = m[1]
	}
	switch w := fold(words); {
	case strings.Contains(w, "login failed"), strings.Contains(w, "failed to login"), strings.Contains(w, "failed login"), w == "login_error":
		return "failed", user, nil
	case strings.Contains(w, "login successful"), strings.Contains(w, "signed in"), strings.Contains(w, "logged in"), w == "login", w == "sign-in":
		return "ok", user, nil
	}
	return "", "", errNoSignIn
}

// parseIP reads an address, of a port too.
func parseIP(s string) (netip.Addr, error) {
	if s = strings.TrimSpace(s); s == "" || s == "-" || s == "unknown" {
		return netip.Addr{}, nil
	}
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return ip, nil
	}
	if both, err := netip.ParseAddrPort(s); err == nil {
		return both.Addr(), nil
	}
	return netip.Addr{}, fmt.Errorf("ip: %q is no address", s)
}

// layouts are the ways to write a time, beside numbers.
var layouts = []string{
	time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-07", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST",
	"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006/01/02 15:04:05", "02.01.2006 15:04:05",
	time.RFC1123, time.RFC1123Z, time.ANSIC, accessTime,
}

const accessTime = "02/Jan/2006:15:04:05 -0700"

func parseTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		for range 3 { // milliseconds, or smaller
			if n > 1e11 {
				n /= 1000
			}
		}
		if !(n >= 0 && n < 7.2e9) { // the year 2198
			return time.Time{}, fmt.Errorf("time: %s is no number of seconds or milliseconds since 1970", s)
		}
		return time.UnixMilli(int64(n * 1000)).UTC(), nil
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("time: %q is not like 2026-03-02T19:00:00Z", s)
}

func parseWord(name, s string, yes, no []string) (bool, error) {
	s = fold(s)
	if slices.Contains(yes, s) {
		return true, nil
	}
	if !slices.Contains(no, s) {
		return false, fmt.Errorf("%s: %q is neither %s nor %s", name, s, yes[0], no[1])
	}
	return false, nil
}

// combined is a line of the access log of nginx and Apache.
var combined = regexp.MustCompile(`^(\S+) \S+ (\S+) \[([^\]]+)\] "[^"]*" (\d{3}) \S+ "[^"]*" "([^"]*)"`)

// readCombined reads an access log: of whose requests a user is known, the first
// of a device is taken for a sign-in, and the others are what its session does.
func readCombined(in *bufio.Reader, each func(int, event, error) error) error {
	return eachLine(in, func(n int, line string, err error) error {
		if err != nil {
			return each(n, event{}, err)
		}
		s, err := parseCombined(line)
		return each(n, s, err)
	})
}

func parseCombined(line string) (s event, err error) {
	m := combined.FindStringSubmatch(line)
	switch {
	case m == nil:
		return s, errors.New("not a line of an access log")
	case m[2] == "-" || m[4][0] != '2' && m[4][0] != '3':
		return s, errNoSignIn
	}
	s = event{user: intern(m[2]), userAgent: intern(m[5]), visit: true}
	if s.userAgent == "-" {
		s.userAgent = ""
	}
	if s.at, err = parseTime(m[3]); err == nil {
		s.ip, err = parseIP(m[1])
	}
	return s, err
}
