package redisstore

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// fields are those of the hash that a session is. What scripts look at has one
// of its own; what only this package reads is JSON.
var fields = []string{
	"user", "first", "first_ip", "last_at", "last_ip", "last", "data", "expires_at", "idle_ms",
	"user_generation", "global_generation", "version", "ended_at", "reason", "ended_by",
}

// record is the values of fields, as they are stored: text, or nil.
type record []any

// firstRecord is the JSON of what never changes but the address.
type firstRecord struct {
	ID      session.ID      `json:"id"`
	Carrier session.Carrier `json:"carrier,omitzero"`
	At      millis          `json:"at"`
	visitRecord
}

// millis is a time as it is stored in JSON.
type millis struct{ time.Time }

func (m millis) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, m.UnixMilli(), 10), nil
}

func (m *millis) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	m.Time = fromMillis(n)
	return err
}

func fromMillis(n int64) time.Time { return time.UnixMilli(n).UTC() }

// visitRecord is the JSON of a visit, without its time and address.
type visitRecord struct {
	Network string `json:"network,omitzero"`

	Kind           device.Kind `json:"kind,omitzero"`
	Browser        string      `json:"browser,omitzero"`
	BrowserVersion string      `json:"browser_version,omitzero"`
	OS             string      `json:"os,omitzero"`
	OSVersion      string      `json:"os_version,omitzero"`
	Brand          string      `json:"brand,omitzero"`
	Model          string      `json:"model,omitzero"`
	App            string      `json:"app,omitzero"`
	AppVersion     string      `json:"app_version,omitzero"`

	DeviceSource device.Source `json:"device_source,omitzero"`
	Inconsistent bool          `json:"inconsistent,omitzero"`

	Scope          geo.Scope `json:"scope,omitzero"`
	CountryCode    string    `json:"country_code,omitzero"`
	Country        string    `json:"country,omitzero"`
	City           string    `json:"city,omitzero"`
	TimeZone       string    `json:"time_zone,omitzero"`
	Latitude       float64   `json:"latitude,omitzero"`
	Longitude      float64   `json:"longitude,omitzero"`
	HasCoordinates bool      `json:"has_coordinates,omitzero"`
	Radius         uint16    `json:"radius,omitzero"`
	ASN            uint32    `json:"asn,omitzero"`
	Organization   string    `json:"organization,omitzero"`
	NetworkKind    geo.Kind  `json:"network_kind,omitzero"`
	Source         string    `json:"source,omitzero"`
	Built          millis    `json:"built,omitzero"`
}

func visitRecordOf(v session.Visit) visitRecord {
	d, l := v.Device, v.Location
	return visitRecord{
		Network: prefixText(v.Network),
		Kind:    d.Kind, Browser: d.Browser, BrowserVersion: d.BrowserVersion, OS: d.OS, OSVersion: d.OSVersion,
		Brand: d.Brand, Model: d.Model, App: d.App, AppVersion: d.AppVersion, DeviceSource: d.Source, Inconsistent: d.Inconsistent,
		Scope: l.Scope, CountryCode: l.CountryCode, Country: l.Country, City: l.City, TimeZone: l.TimeZone,
		Latitude: l.Latitude, Longitude: l.Longitude, HasCoordinates: l.HasCoordinates, Radius: l.Radius,
		ASN: l.ASN, Organization: l.Organization, NetworkKind: l.Network, Source: l.Source, Built: millis{l.Built},
	}
}

func (r visitRecord) visit(at int64, ip string) (v session.Visit, err error) {
	v = session.Visit{
		At: fromMillis(at),
		Device: device.Device{
			Kind: r.Kind, Browser: r.Browser, BrowserVersion: r.BrowserVersion, OS: r.OS, OSVersion: r.OSVersion,
			Brand: r.Brand, Model: r.Model, App: r.App, AppVersion: r.AppVersion, Source: r.DeviceSource, Inconsistent: r.Inconsistent,
		},
		Location: geo.Location{
			Scope: r.Scope, CountryCode: r.CountryCode, Country: r.Country, City: r.City, TimeZone: r.TimeZone,
			Latitude: r.Latitude, Longitude: r.Longitude, HasCoordinates: r.HasCoordinates, Radius: r.Radius,
			ASN: r.ASN, Organization: r.Organization, Network: r.NetworkKind, Source: r.Source, Built: r.Built.Time,
		},
	}
	if ip != "" {
		if v.IP, err = netip.ParseAddr(ip); err != nil {
			return v, err
		}
	}
	if r.Network != "" {
		v.Network, err = netip.ParsePrefix(r.Network)
	}
	return v, err
}

// dataRecord is the JSON of what [session.Store.Update] writes, but the times.
type dataRecord struct {
	Name            string            `json:"name,omitzero"`
	Issuer          string            `json:"issuer,omitzero"`
	Subject         string            `json:"subject,omitzero"`
	SID             string            `json:"sid,omitzero"`
	Secrets         secretsRecord     `json:"secrets,omitzero"`
	AuthenticatedAt millis            `json:"authenticated_at,omitzero"`
	Methods         []string          `json:"methods,omitempty"`
	Persistent      bool              `json:"persistent,omitzero"`
	DeviceKey       deviceKey         `json:"device_key,omitzero"`
	Familiarity     string            `json:"familiarity,omitzero"`
	Provisional     bool              `json:"provisional,omitzero"`
	Signals         []signalRecord    `json:"signals,omitempty"`
	Attrs           map[string]string `json:"attrs,omitempty"`
}

type secretsRecord struct {
	Current   hash   `json:"current,omitzero"`
	Previous  hash   `json:"previous,omitzero"`
	Older     hash   `json:"older,omitzero"`
	Salt      salt   `json:"salt,omitzero"`
	RotatedAt millis `json:"rotated_at,omitzero"`
	SeenAt    millis `json:"seen_at,omitzero"`
}

type signalRecord struct {
	Code  string            `json:"code,omitzero"`
	Text  string            `json:"text,omitzero"`
	Args  map[string]string `json:"args,omitempty"`
	Level session.Level     `json:"level,omitzero"`
	At    millis            `json:"at,omitzero"`
}

// These are bytes in base64, of exactly their length.
type (
	hash      session.SecretHash
	salt      session.Salt
	deviceKey session.DeviceKey
)

func (h hash) MarshalText() ([]byte, error)     { return marshalBytes(h[:]), nil }
func (h *hash) UnmarshalText(text []byte) error { return unmarshalBytes(h[:], text) }
func (s salt) MarshalText() ([]byte, error)     { return marshalBytes(s[:]), nil }
func (s *salt) UnmarshalText(text []byte) error { return unmarshalBytes(s[:], text) }

func (k deviceKey) MarshalText() ([]byte, error)     { return marshalBytes(k[:]), nil }
func (k *deviceKey) UnmarshalText(text []byte) error { return unmarshalBytes(k[:], text) }

func marshalBytes(b []byte) []byte { return base64.StdEncoding.AppendEncode(nil, b) }

func unmarshalBytes(to, text []byte) error {
	var room [64]byte
	b, err := base64.StdEncoding.AppendDecode(room[:0], text)
	if err == nil && len(b) != len(to) {
		err = fmt.Errorf("%d bytes, want %d", len(b), len(to))
	}
	copy(to, b)
	return err
}

// encode returns the fields of s and their values, in turns.
func encode(s *session.Session) ([]any, error) {
	first, err1 := marshal(firstRecord{s.ID, s.Carrier, millis{s.First.At}, visitRecordOf(s.First)})
	last, err2 := marshal(visitRecordOf(s.Last))
	data, err3 := encodeData(s)
	return []any{
		"user", s.UserID, "first", first, "first_ip", addrText(s.First.IP),
		"last_at", s.Last.At.UnixMilli(), "last_ip", addrText(s.Last.IP), "last", last,
		"data", data, "expires_at", s.ExpiresAt.UnixMilli(), "idle_ms", s.IdleTimeout.Milliseconds(),
		"user_generation", s.Generations.User, "global_generation", s.Generations.Global, "version", s.Version,
	}, errors.Join(err1, err2, err3)
}

func encodeData(s *session.Session) (string, error) {
	k := s.Secrets
	d := dataRecord{
		Name: s.Name, Issuer: s.Issuer, Subject: s.Subject, SID: s.SID,
		Secrets: secretsRecord{hash(k.Current), hash(k.Previous), hash(k.Older), salt(k.Salt), millis{k.RotatedAt}, millis{k.SeenAt}},

		AuthenticatedAt: millis{s.AuthenticatedAt}, Methods: s.Methods,
		DeviceKey: deviceKey(s.DeviceKey), Familiarity: string(s.Familiarity),
		Persistent: s.Persistent, Provisional: s.Provisional, Attrs: s.Attrs,
	}
	for _, g := range s.Signals {
		d.Signals = append(d.Signals, signalRecord{g.Code, g.Text, g.Args, g.Level, millis{g.At}})
	}
	return marshal(d)
}

// readRecord takes the values of a hash from an answer. It returns ErrUnknown
// if there is none.
func readRecord(v any) (record, error) {
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

// reader takes the values of a record one by one, and keeps the first trouble.
type reader struct {
	record
	err error
}

// text returns the next value; fields that may be missing are optional.
func (r *reader) text(optional bool) string {
	v := r.record[0]
	name := fields[len(fields)-len(r.record)]
	r.record = r.record[1:]
	s, ok := v.(string)
	if !ok && (v != nil || !optional) && r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, errIncomplete)
	}
	return s
}

func (r *reader) number() int64 {
	name := fields[len(fields)-len(r.record)]
	n, err := strconv.ParseInt(r.text(false), 10, 64)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
	return n
}

// ending reads how the session ended, from the last three fields.
func (r *reader) ending() *session.Ending {
	if r.record[0] == nil {
		return nil
	}
	return &session.Ending{At: fromMillis(r.number()), Reason: session.Reason(r.text(false)), By: r.text(false)}
}

// decode returns the session that is stored under id. It takes the fields in
// their order.
func (r record) decode(id session.ID) (*session.Session, error) {
	in := reader{record: r}
	s := &session.Session{ID: id, UserID: in.text(false)}
	first, firstIP := in.text(false), in.text(true)
	lastAt, lastIP, last := in.number(), in.text(true), in.text(false)
	data := in.text(false)
	s.ExpiresAt, s.IdleTimeout = fromMillis(in.number()), time.Duration(in.number())*time.Millisecond
	s.Generations = session.Generations{User: in.number(), Global: in.number()}
	s.Version = in.number()
	s.Ended = in.ending()
	if in.err != nil {
		return nil, in.err
	}
	if err := decodeFirst(first, firstIP, s); err != nil {
		return nil, fmt.Errorf("first: %w", err)
	}
	var v visitRecord
	err := json.Unmarshal([]byte(last), &v)
	if err == nil {
		s.Last, err = v.visit(lastAt, lastIP)
	}
	if err != nil {
		return nil, fmt.Errorf("last: %w", err)
	}
	if err := decodeData(data, s); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return s, nil
}

// errMixedUp is no ErrCorrupt: the session that was asked for may be well.
var errMixedUp = errors.New("the answer is about another session")

func decodeFirst(text, ip string, s *session.Session) (err error) {
	var r firstRecord
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	// A client library has given out answers of other requests before
	// (CVE-2025-29923).
	if r.ID != s.ID {
		return errMixedUp
	}
	s.Carrier = r.Carrier
	s.First, err = r.visit(r.At.UnixMilli(), ip)
	return err
}

func decodeData(text string, s *session.Session) error {
	var d dataRecord
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return err
	}
	k := d.Secrets
	s.Name, s.Issuer, s.Subject, s.SID = d.Name, d.Issuer, d.Subject, d.SID
	s.Secrets = session.Secrets{
		Current: session.SecretHash(k.Current), Previous: session.SecretHash(k.Previous), Older: session.SecretHash(k.Older),
		Salt: session.Salt(k.Salt), RotatedAt: k.RotatedAt.Time, SeenAt: k.SeenAt.Time,
	}
	s.AuthenticatedAt, s.Methods, s.Attrs = d.AuthenticatedAt.Time, d.Methods, d.Attrs
	s.Persistent, s.Provisional = d.Persistent, d.Provisional
	s.DeviceKey, s.Familiarity = session.DeviceKey(d.DeviceKey), session.Familiarity(d.Familiarity)
	for _, g := range d.Signals {
		s.Signals = append(s.Signals, session.Signal{Code: g.Code, Text: g.Text, Args: g.Args, Level: g.Level, At: g.At.Time})
	}
	return nil
}

func marshal(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

func addrText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}

func prefixText(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}
