package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"
)

const firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

// The exports that are known are read without a flag, failures as failures.
func TestExports(t *testing.T) {
	t.Parallel()
	nextcloud := func(at, user, message string) string {
		return fmt.Sprintf(`{"reqId":"x","level":1,"time":%q,"remoteAddr":"193.0.6.139","user":%q,"app":"admin_audit","method":"POST","url":"/login","message":%q,"userAgent":%q}`, at, user, message, firefox)
	}
	for name, c := range map[string]struct {
		content string
		flags   []string
		want    string
		bad     string
	}{
		"Nextcloud, JSON lines": {strings.Join([]string{
			nextcloud("2026-01-01T08:00:00+00:00", "--", "Login failed: ann (Remote IP: 193.0.6.139)"),
			nextcloud("2026-01-01T08:00:05+00:00", "--", `Login attempt: "ann"`),
			nextcloud("2026-01-01T08:01:00+00:00", "ann", `Login successful: "ann"`),
			nextcloud("2026-01-02T08:01:00+00:00", "ann", `Login successful: "ann"`),
		}, "\n"), nil, "2 sign-ins of 1 users, 1 wrong", "1 lines are not about a sign-in"},
		"Nextcloud, CSV": {"time,user,remoteAddr,userAgent,message\n" +
			"2026-01-01T08:00:00Z,--,193.0.6.139,x,Login failed: ann\n" +
			"2026-01-01T08:01:00Z,ann,193.0.6.139," + firefox + ",Login successful: ann\n", nil, "1 sign-ins of 1 users, 1 wrong", ""},
		"GitLab": {"ID,Author Name,Action,IP Address,Created At (UTC)\n" +
			"1,ann,Signed in with STANDARD authentication,193.0.6.139,2026-01-01 08:00:00\n" +
			"2,ann,Added project,193.0.6.139,2026-01-01 08:10:00\n", []string{"user_agent", "none"}, "1 sign-ins of 1 users, 0 wrong", "columns passed over: id"},
		"Keycloak": {`[{"time":1767254400000,"type":"LOGIN_ERROR","userId":"ann","ipAddress":"193.0.6.139"},` +
			`{"time":1767254410000,"type":"LOGIN","userId":"ann","ipAddress":"193.0.6.139"},{"time":1767254420000,"type":"LOGOUT","userId":"ann"}]`,
			[]string{"user_agent", "none"}, "1 sign-ins of 1 users, 1 wrong", ""},
		"nginx": {`193.0.6.139 - ann [01/Jan/2026:08:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "` + firefox + `"` + "\n" +
			`193.0.6.139 - - [01/Jan/2026:08:00:01 +0000] "GET / HTTP/1.1" 401 12 "-" "` + firefox + `"` + "\n" +
			`203.119.101.61 - ann [02/Jan/2026:08:00:00 +0000] "GET / HTTP/1.1" 200 12 "-" "` + firefox + `"` + "\n", nil, "1 sign-ins of 1 users, 0 wrong", "1 lines are not about"},
		"Caddy": {`{"ts":1767254400.25,"request":{"remote_ip":"193.0.6.139","headers":{"User-Agent":["` + firefox + `"]}},"user_id":"ann","status":200}` + "\n" +
			`{"ts":1767254401,"request":{"remote_ip":"193.0.6.139","headers":{"User-Agent":["x"]}},"user_id":"","status":200}`, nil, "1 sign-ins of 1 users, 0 wrong", "1 lines are not about"},
		"mapped, newest first, spaces, ports": {"When,Who,From,With\n" +
			"2026-01-03 08:00:00+00:00,ann,193.0.6.139:4711," + firefox + "\n2026-01-01 08:00:00.123+00,ann,[2001:db8::1]:443," + firefox + "\n1767340800000,ann,-," + firefox + "\n",
			[]string{"time", "When", "user", "Who", "ip", "From", "user_agent", "With"}, "3 sign-ins of 1 users, 0 wrong", ""},
	} {
		out, bad, err := runOn(t, c.content, c.flags...)
		flat := strings.Join(strings.Fields(out), " ")
		signIns, wrong, _ := strings.Cut(c.want, ", ")
		if err != nil || !strings.Contains(flat, signIns) || !strings.Contains(flat, "; "+wrong) || !strings.Contains(bad, c.bad) {
			t.Errorf("%s: got %v, %s%s", name, err, bad, out)
		}
	}
}

// Files come compressed, from Excel, with addresses and times of many kinds, and with lines
// that nothing can be made of: the others count.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	packed := func(content string) string {
		var b strings.Builder
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, content)
		_ = w.Close()
		return b.String()
	}
	object := `{"time":1767254400,"user":"ann","ip":"193.0.6.139","user_agent":"` + firefox + `"}` + "\n"
	row := ",ann,193.0.6.139," + firefox + "\r\n"
	for name, c := range map[string]struct {
		content string
		want    string // no error if it is a count of sign-ins
	}{
		"gzip":             {packed("time,user,ip,user_agent\n2026-01-01T08:00:00Z" + row), "1 sign-ins"},
		"gzip, cut":        {packed(object)[:40], "unexpected EOF"},
		"Excel":            {"\ufefftime;user;ip;user_agent\r\n01.02.2026 08:00:00;\"ann; or so\";193.0.6.139;\"" + firefox + "\"\r\n", "1 sign-ins"},
		"tabs":             {"time\tuser\tip\tuser_agent\n2026-01-01 08:00:00\tann\t193.0.6.139\t" + firefox + "\n", "1 sign-ins"},
		"UTF-16":           {"\xff\xfet\x00i\x00m\x00e\x00", "save it as UTF-8"},
		"blank lines":      {"\n \n" + object + "\n\n" + object, "2 sign-ins"},
		"a huge line":      {object + `{"time":"` + strings.Repeat("9", 3<<20) + `"}` + "\n" + object, "1 lines could not be used"},
		"brackets":         {"time,user,ip,user_agent\n2026-01-01T08:00:00Z,ann,[2001:db8::1]," + firefox + "\n", "1 sign-ins"},
		"times":            {"time,user,ip,user_agent\n2026-01-01T08:00:00+0100" + row + "2026/01/01 08:00:00" + row + "1767254400123456" + row + "\"Thu, 01 Jan 2026 08:00:00 GMT\"" + row + "Thu Jan  1 08:00:00 2026" + row, "5 sign-ins"},
		"times of nothing": {"time,user,ip,user_agent\nNaN" + row + "-5" + row + "01/02/2026 08:00:00" + row + "2026-01-01T08:00:00Z" + row, "3 lines could not be used"},
	} {
		out, bad, err := runOn(t, c.content)
		got := strings.Join(strings.Fields(out), " ")
		if err != nil {
			got = bad + err.Error()
		}
		if !strings.Contains(got, c.want) || err != nil && strings.HasSuffix(c.want, "sign-ins") {
			t.Errorf("%s: got %v, %s%s", name, err, bad, out)
		}
	}
}

// Where nothing could be flagged, nothing is said to be fine.
func TestNoFalseAllClear(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"time,user,address,browser\n2026-01-01T08:00:00Z,ann,193.0.6.139,x\n":    "no line has an address",
		"time,user,ip,agent\n2026-01-01T08:00:00Z,ann,193.0.6.139," + firefox:    "no line has a User-Agent",
		`{"time":1767254400,"user":"ann","ip":"193.0.6.139","agent":"` + firefox: "no line has a User-Agent",
	} {
		if !strings.HasSuffix(content, "\n") && content[0] == '{' {
			content += `"}`
		}
		out, bad, err := runOn(t, content)
		if err == nil || !strings.Contains(err.Error(), want) || out != "" || !strings.Contains(bad, "columns passed over: ") {
			t.Errorf("%s: got %v, %s%s", content, err, bad, out)
		}
	}
	if _, _, err := runOn(t, "time,user,ip\n2026-01-01T08:00:00Z,ann,193.0.6.139\n", "user_agent", "Browser"); err == nil || !strings.Contains(err.Error(), `no column "browser"`) && !strings.Contains(err.Error(), `no column "Browser"`) {
		t.Errorf("a column that is not there: got %v", err)
	}
}

// Ten lines that cannot be used are told, and then how many more there are.
func TestManyBadLines(t *testing.T) {
	t.Parallel()
	content := "time,user,ip,user_agent\n2026-01-01T08:00:00Z,ann,193.0.6.139,x\n" + strings.Repeat("yesterday,ann,193.0.6.139,x\n", 1000)
	_, bad, err := runOn(t, content)
	if err == nil || strings.Count(bad, "yesterday") != 10 || !strings.Contains(bad, "and 990 more lines") {
		t.Errorf("got %v, %s", err, bad)
	}
}

// The mails are those that package notice would send, of moves too.
func TestMailsAreCounted(t *testing.T) {
	t.Parallel()
	out, _, err := runOn(t, example(t))
	if err != nil || !strings.Contains(strings.Join(strings.Fields(out), " "), "preset e-mails a month a person and year of sign-ins alerts of live sessions default 4") {
		t.Errorf("got %v, %s", err, out)
	}
}
