package redisstore

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

// fields are those of the hash that a session is. What scripts look at has one
// of its own; what only this package reads is JSON.
var fields = []string{
	"user", "first", "first_ip", "last_at", "last_ip", "last", "data", "bound", "expires_at", "idle_ms",
	"user_generation", "global_generation", "version", "ended_at", "reason", "ended_by",
}

// values are those of fields, as they are stored: text, or nil.
type values []any

// encode returns the fields of s and their values, in turns.
func encode(s *session.Session) []any {
	all := []any{
		"user", s.UserID, "first", record.Start.Text(s), "first_ip", record.Addr(s.First.IP),
		"last_at", s.Last.At.UnixMilli(), "last_ip", record.Addr(s.Last.IP), "last", record.Visit.Text(&s.Last),
		"data", record.DataAndName.Text(s), "expires_at", s.ExpiresAt.UnixMilli(), "idle_ms", s.IdleTimeout.Milliseconds(),
		"user_generation", s.Generations.User, "global_generation", s.Generations.Global, "version", s.Version,
	}
	if bound := encodeBound(s); bound != "" {
		all = append(all, "bound", bound)
	}
	return all
}

// encodeBound returns the key of the device, "" if there is none. It has a field of
// its own, since programs that do not know it write data anew.
func encodeBound(s *session.Session) string {
	if s.Bound == (session.Binding{}) {
		return ""
	}
	return record.Binding.Text(&s.Bound)
}

// readValues takes the values of a hash from an answer. It returns ErrUnknown
// if there is none.
func readValues(v any) (values, error) {
	if text, ok := v.(string); ok {
		return nil, errors.New(text) // that of the server, such as WRONGTYPE
	}
	r, ok := v.([]any)
	if !ok || len(r) != len(fields) {
		return nil, errIncomplete
	}
	for _, value := range r {
		if value != nil {
			return r, nil
		}
	}
	return nil, session.ErrUnknown
}

// reader takes values one by one, and keeps the first trouble.
type reader struct {
	values
	err error
}

// text returns the next value; fields that may be missing are optional.
func (r *reader) text(optional bool) string {
	v := r.values[0]
	name := fields[len(fields)-len(r.values)]
	r.values = r.values[1:]
	s, ok := v.(string)
	if !ok && (v != nil || !optional) && r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, errIncomplete)
	}
	return s
}

func (r *reader) number() int64 {
	name := fields[len(fields)-len(r.values)]
	n, err := strconv.ParseInt(r.text(false), 10, 64)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
	return n
}

// ending reads how the session ended, from the last three fields.
func (r *reader) ending() *session.Ending {
	if r.values[0] == nil {
		return nil
	}
	return &session.Ending{At: record.Time(r.number()), Reason: session.Reason(r.text(false)), By: r.text(false)}
}

// decode returns the session that is stored under id. It takes the fields in
// their order.
func (r values) decode(id session.ID) (*session.Session, error) {
	in := reader{values: r}
	s := &session.Session{UserID: in.text(false)}
	first, firstIP := in.text(false), in.text(true)
	lastAt, lastIP, last := in.number(), in.text(true), in.text(false)
	data, bound := in.text(false), in.text(true)
	s.ExpiresAt, s.IdleTimeout = record.Time(in.number()), time.Duration(in.number())*time.Millisecond
	s.Generations = session.Generations{User: in.number(), Global: in.number()}
	s.Version = in.number()
	s.Ended = in.ending()
	if in.err != nil {
		return nil, in.err
	}
	if err := decodeFirst(id, first, firstIP, s); err != nil {
		return nil, fmt.Errorf("first: %w", err)
	}
	s.Last.At = record.Time(lastAt)
	if err := cmp.Or(record.Visit.Read(last, &s.Last), decodeAddr(lastIP, &s.Last)); err != nil {
		return nil, fmt.Errorf("last: %w", err)
	}
	if err := record.DataAndName.Read(data, s); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if bound != "" {
		if err := record.Binding.Read(bound, &s.Bound); err != nil {
			return nil, fmt.Errorf("bound: %w", err)
		}
	}
	return s, nil
}

// errMixedUp is no ErrCorrupt: the session that was asked for may be well.
var errMixedUp = errors.New("the answer is about another session")

func decodeFirst(id session.ID, text, ip string, s *session.Session) error {
	if err := record.Start.Read(text, s); err != nil {
		return err
	}
	// A client library has given out answers of other requests before
	// (CVE-2025-29923).
	if s.ID != id {
		return errMixedUp
	}
	return decodeAddr(ip, &s.First)
}

func decodeAddr(ip string, v *session.Visit) (err error) {
	v.IP, err = record.ParseAddr(ip)
	return err
}

func marshal(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
