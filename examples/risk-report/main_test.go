package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/geo/embedded"
)

// report runs the program over a file with that content.
func runOn(t *testing.T, content string, flags ...string) (stdout, stderr string, err error) {
	t.Helper()
	given := map[string]string{}
	for i := 0; i < len(flags); i += 2 {
		given[flags[i]] = flags[i+1]
	}
	file := filepath.Join(t.TempDir(), "trace")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, bad bytes.Buffer
	err = run(t.Context(), file, "", 20, given, &out, &bad)
	return out.String(), bad.String(), err
}

func example(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("example.csv")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestExample(t *testing.T) {
	t.Parallel()
	out, bad, err := runOn(t, example(t))
	if err != nil || bad != "" {
		t.Fatalf("got %v, %s", err, bad)
	}
	flat := strings.Join(strings.Fields(out), " ")
	for _, want := range []string{
		"36 sign-ins of 4 users, 1 Jan 2026 to 22 Mar 2026", "32 of them have one before and are judged; 5 wrong passwords.",
		"default alert or above 3 9.38 %", "calm alert or above 1 3.12 %", "precise alert or above 3 9.38 %",
		"country.new 3 3 3", `2026-03-12 03:06:00 UTC high "ann" - A device you don't usually use: Chrome on Linux. - You're not usually active in Australia. - 4 wrong passwords`,
		"IP2Location LITE",
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

// JSON says the same, with columns in another order or by other words.
func TestFormats(t *testing.T) {
	t.Parallel()
	want, _, err := runOn(t, example(t))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(example(t))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var lines, turned strings.Builder
	w := csv.NewWriter(&turned)
	for i, row := range rows {
		turn := []string{"note"}
		for j := range row {
			turn = append(turn, row[len(row)-1-j])
		}
		_ = w.Write(turn)
		if i == 0 {
			continue
		}
		at, err := time.Parse(time.RFC3339, row[0])
		if err != nil {
			t.Fatal(err)
		}
		object := map[string]any{"time": at.Unix(), "user": row[1], "ip": row[2], "user_agent": row[3], "known_device": row[4] == "yes", "more": []int{1}}
		if row[5] == "failed" {
			object["outcome"] = false
		}
		line, _ := json.Marshal(object)
		fmt.Fprintf(&lines, "%s\n\n", line)
	}
	w.Flush()
	for name, content := range map[string]string{
		"JSON": lines.String(), "turned": "\ufeff" + turned.String(), "Windows": strings.ReplaceAll(example(t), "\n", "\r\n"),
	} {
		if got, bad, err := runOn(t, content); err != nil || got != want {
			t.Errorf("%s: got %v %s\n%s\nwant\n%s", name, err, bad, got, want)
		}
	}
}

// A trace with nothing to judge makes no report of nothing.
func TestNoSignIn(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"time,user\n", "time,user\nyesterday,ann\n", `{"when":1}`} {
		out, _, err := runOn(t, content)
		if out != "" || err == nil || !strings.Contains(err.Error(), "no sign-in") {
			t.Errorf("%q: got %v, %s", content, err, out)
		}
	}
	if _, bad, _ := runOn(t, "{}\n[1]\n"); !strings.Contains(bad, "line 2: not an object\n") {
		t.Errorf("got %s", bad)
	}
}

// A line that cannot be used is told with its number; the others count.
func TestBadLines(t *testing.T) {
	t.Parallel()
	head := "time,user,ip,user_agent,known_device,outcome\n"
	good := "2026-01-02T00:00:00Z,ann,193.0.6.139,x,no,ok\n"
	for line, want := range map[string]string{
		"yesterday,ann,193.0.6.139,x,no,ok":               `time: "yesterday" is not like`,
		"1e30,ann,193.0.6.139,x,no,ok":                    `is no number of seconds or milliseconds`,
		"2026-01-02T00:00:00Z,,193.0.6.139,x,no,ok":       "no user",
		"2026-01-02T00:00:00Z,ann,193.0.6,x,no,ok":        `ip: "193.0.6" is no address`,
		"2026-01-02T00:00:00Z,ann,193.0.6.139,x,maybe,ok": `known_device: "maybe" is neither yes nor no`,
		"2026-01-02T00:00:00Z,ann,193.0.6.139,x,no,late":  `outcome: "late" is neither failed nor ok`,
		"2026-01-02T00:00:00Z,ann":                        "wrong number of fields",
		`2026-01-02T00:00:00Z,ann,"a"b,x,no,ok`:           "\"",
	} {
		out, bad, err := runOn(t, head+good+line+"\n"+good)
		if err == nil || !strings.HasPrefix(bad, "line 3: ") || !strings.Contains(bad, want) || strings.Count(bad, "\n") != 1 {
			t.Errorf("%s: got %v, %q, want %q", line, err, bad, want)
		}
		if !strings.HasPrefix(out, "2 sign-ins of 1 users") {
			t.Errorf("%s: the others are lost: %s", line, out)
		}
	}
	for content, want := range map[string]string{
		"":                    "it is empty",
		"user,ip\nann,::1\n":  `no column "time"`,
		"{\"time\":1}\n{oops": "2 lines could not be used",
		"{\"user\":\"" + strings.Repeat("x", maxLine) + "\"}": "1 lines could not be used",
	} {
		if _, _, err := runOn(t, content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %q", content, err, want)
		}
	}
	if err := run(t.Context(), filepath.Join(t.TempDir(), "none"), "", 1, nil, nil, nil); err == nil || !strings.HasPrefix(err.Error(), "-trace: ") {
		t.Errorf("no file: got %v", err)
	}
	if err := run(t.Context(), "example.csv", "example.csv", 1, nil, nil, nil); err == nil || !strings.HasPrefix(err.Error(), "-city-db: ") {
		t.Errorf("no database: got %v", err)
	}
}

// What is kept grows with the users and not with the lines.
func TestBounded(t *testing.T) {
	t.Parallel()
	r, err := newReport(embedded.New(), 7)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 600 {
		s := event{at: time.Unix(int64(i)*3600, 0), user: fmt.Sprint(i % 3), userAgent: fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Other%d/1.0", i, i)}
		if err := r.add(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	size := 0
	for _, s := range r.shadows {
		for _, p := range s.profiles {
			size += len(p)
		}
	}
	if len(r.flagged) != 7 || len(r.began) != 3 || size == 0 || size > 3*3*1280 {
		t.Errorf("keeps %d flagged, %d users, %d bytes of profiles", len(r.flagged), len(r.began), size)
	}
}
