package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// signIn is one line of a trace.
type signIn struct {
	at        time.Time
	user      string
	ip        netip.Addr
	userAgent string
	known     bool
	failed    bool
}

var columns = []string{"time", "user", "ip", "user_agent", "known_device", "outcome"}

// read calls each with every line and what is wrong with it. It returns what
// keeps it from reading on.
func read(in io.Reader, each func(line int, s signIn, err error) error) error {
	b := bufio.NewReaderSize(in, 64<<10)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = b.Discard(3) // Excel begins so
	}
	if first, err := b.Peek(1); err == nil && first[0] == '{' {
		return readJSON(b, each)
	}
	return readCSV(b, each)
}

func readCSV(in io.Reader, each func(int, signIn, error) error) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	where, err := readHead(r)
	if err != nil {
		return err
	}
	for {
		fields, err := r.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &broken):
			if err := each(broken.Line, signIn{}, broken.Err); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		line, _ := r.FieldPos(0)
		s, err := parse(func(name string) string {
			if i, ok := where[name]; ok {
				return fields[i]
			}
			return ""
		})
		if err := each(line, s, err); err != nil {
			return err
		}
	}
}

// readHead returns in which field each column is.
func readHead(r *csv.Reader) (where map[string]int, err error) {
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, err
	}
	where = map[string]int{}
	for i, name := range head {
		where[strings.ToLower(strings.TrimSpace(name))] = i
	}
	for _, name := range columns[:2] {
		if _, ok := where[name]; !ok {
			return nil, fmt.Errorf("line 1: no column %q; with commas between them, the columns are %s", name, strings.Join(columns, ", "))
		}
	}
	return where, nil
}

// maxLine bounds a line of JSON.
const maxLine = 1 << 20

func readJSON(in io.Reader, each func(int, signIn, error) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		var fields map[string]any
		var s signIn
		dec := json.NewDecoder(strings.NewReader(lines.Text()))
		dec.UseNumber()
		err := dec.Decode(&fields)
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
			err = errors.New("not an object")
		}
		if err == nil && dec.More() {
			err = errors.New("more than one object")
		}
		if err == nil {
			s, err = parse(func(name string) string { return text(fields[name]) })
		}
		if err := each(n, s, err); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	return nil
}

func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func parse(field func(name string) string) (s signIn, err error) {
	if s.at, err = parseTime(field("time")); err != nil {
		return s, err
	}
	if s.user = strings.Clone(field("user")); s.user == "" {
		return s, errors.New("no user")
	}
	if ip := field("ip"); ip != "" {
		if s.ip, err = netip.ParseAddr(ip); err != nil {
			return s, fmt.Errorf("ip: %q is no address", ip)
		}
	}
	s.userAgent = field("user_agent")
	if s.known, err = parseWord("known_device", field("known_device"), []string{"yes", "true", "1"}, []string{"", "no", "false", "0"}); err != nil {
		return s, err
	}
	s.failed, err = parseWord("outcome", field("outcome"), []string{"failed", "false", "0"}, []string{"", "ok", "true", "1"})
	return s, err
}

func parseTime(s string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		at := time.Unix(seconds, 0).UTC()
		if at.Year() < 1970 || at.Year() > 2200 {
			return at, fmt.Errorf("time: %s is no number of seconds since 1970", s)
		}
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, fmt.Errorf("time: %q is not like 2026-03-02T19:00:00Z", s)
	}
	return at.UTC(), nil
}

func parseWord(name, s string, yes, no []string) (bool, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if slices.Contains(yes, s) {
		return true, nil
	}
	if !slices.Contains(no, s) {
		return false, fmt.Errorf("%s: %q is neither %s nor %s", name, s, yes[0], no[1])
	}
	return false, nil
}
