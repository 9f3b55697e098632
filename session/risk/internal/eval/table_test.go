package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var (
	bergen = place{CC: "NO", City: "Bergen", Lat: 60.4, Lon: 5.3, Radius: 20, ASN: 2119, Kind: "residential"}
	oslo   = place{CC: "NO", City: "Oslo", Lat: 59.9, Lon: 10.8, Radius: 20, ASN: 2119, Kind: "residential"}
	tromso = place{CC: "NO", City: "Tromsø", Lat: 69.6, Lon: 19, Radius: 20, ASN: 2119, Kind: "residential"}
	lisbon = place{CC: "PT", City: "Lisbon", Lat: 38.7, Lon: -9.1, Radius: 20, ASN: 3243, Kind: "residential"}
)

// signIn returns a sign-in so many hours after the first.
func signIn(hours int64, ip, wide string, where place) *record {
	return &record{User: 1, T: 1_767_225_600 + hours*3600, SID: int(hours), IP: ip, Wide: wide, Geo: where,
		UA: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
}

// phone has r come from another device.
func phone(r *record) *record {
	r.UA = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
	return r
}

// The rules of others, by what their descriptions say.
func TestOthers(t *testing.T) {
	t.Parallel()
	home := func() *record { return signIn(0, "81.166.10.20", "81.166", bergen) }
	for _, c := range []struct {
		rule string
		now  *record
		told bool
	}{
		{"gitlab", signIn(48, "81.166.10.20", "81.166", bergen), false},
		{"gitlab", signIn(48, "81.166.10.21", "81.166", bergen), true},
		{"gitlab", signIn(48, "81.166.10.30", "81.166", bergen), false}, // of the live session, since it moved
		{"mastodon", signIn(48, "81.166.99.1", "81.166", lisbon), false},
		{"mastodon", signIn(48, "81.167.10.20", "81.167", bergen), true},
		{"discourse", signIn(48, "81.167.10.20", "81.167", oslo), false},
		{"discourse", signIn(48, "81.167.10.20", "81.167", tromso), true},
		{"discourse", signIn(48, "81.167.10.20", "81.167", place{}), false},
		{"okta", signIn(48, "93.1.1.1", "93.1", lisbon), false},
		{"okta", signIn(1, "93.1.1.1", "93.1", lisbon), true},
		{"okta", signIn(1, "81.167.10.20", "81.167", oslo), false},
		{"spatie", signIn(48, "81.166.10.20", "81.166", bergen), false},
		{"spatie", signIn(48, "81.167.10.20", "81.167", bergen), false},        // 10
		{"spatie", phone(signIn(48, "81.166.10.20", "81.166", bergen)), false}, // 25
		{"spatie", phone(signIn(48, "81.167.10.20", "81.167", bergen)), true},  // 35
		{"spatie", signIn(48, "93.1.1.1", "93.1", lisbon), true},               // 40
		{"spatie", signIn(48, "93.1.1.1", "93.1", place{}), false},             // 10
		{"country", signIn(48, "81.167.10.20", "81.167", tromso), false},
		{"country", signIn(48, "93.1.1.1", "93.1", lisbon), true},
	} {
		ru, err := choose(c.rule, "", false)
		if err != nil {
			t.Fatal(err)
		}
		if a, err := ru.signIn(home(), false); err != nil || a.Level != "none" {
			t.Errorf("%s: the first sign-in: got %v, %v", c.rule, a, err)
		}
		moved := home()
		moved.IP = "81.166.10.30"
		_, err = ru.signIn(home(), true)
		if err == nil {
			_, err = ru.move(moved, true)
		}
		if err != nil {
			t.Fatal(err)
		}
		if a, err := ru.signIn(c.now, false); err != nil || (a.Level == "alert") != c.told {
			t.Errorf("%s of %s, %s after %d s: got %q, %v, want told %v", c.rule, c.now.IP, c.now.Geo.City, c.now.T-home().T, a.Level, err, c.told)
		}
	}
	if _, err := choose("nobody", "", false); err == nil {
		t.Error("a rule that does not exist was accepted")
	}
}

// The table counts what is the user's own by all of it, and what is not by its
// victims.
func TestTable(t *testing.T) {
	t.Parallel()
	var trace, labels []string
	id := 0
	add := func(r *record, op, class string) {
		id++
		r.ID, r.Op = id, op
		trace = append(trace, line(t, r))
		if r.isAsked() {
			labels = append(labels, line(t, label{ID: id, Class: class, Hist: id - 1}))
		}
	}
	for day := range int64(10) {
		add(signIn(24*day, "81.166.10.20", "81.166", bergen), "score", "legit")
		add(signIn(24*day, "81.166.10.20", "81.166", bergen), "learn", "")
	}
	add(signIn(24*11, "93.1.1.1", "93.1", lisbon), "score", "naive")
	add(signIn(24*11, "81.166.10.20", "81.166", bergen), "score", "naive")
	dir := t.TempDir()
	for name, lines := range map[string][]string{"trace": trace, "labels": labels} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := table(filepath.Join(dir, "trace"), filepath.Join(dir, "labels"), qualityAll, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| a country never seen | 0.00 % | 0.00 | 0 % | 50.0 % |", "| **alert or above** | 0.00 % | 0.00 | 0 % | 50.0 % |", "1 people",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
	if err := table(filepath.Join(dir, "trace"), "", qualityAll, &out); err == nil {
		t.Error("no labels: no error")
	}
}

func line(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
