package sqlstore

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// row is one row of the sessions table. What an operator asks for has a column
// of its own; what only this package reads is JSON.
type row struct {
	ID      []byte `db:"id"`
	UserID  string `db:"user_id"`
	Carrier string `db:"carrier"`
	Name    string `db:"name"`

	CreatedAt int64  `db:"created_at"`
	CreatedIP string `db:"created_ip"`
	Created   string `db:"created"`

	lastVisit

	ExpiresAt int64  `db:"expires_at"`
	IdleMS    int64  `db:"idle_ms"`
	DueAt     *int64 `db:"due_at"`

	EndedAt *int64 `db:"ended_at"`
	Reason  string `db:"reason"`
	EndedBy string `db:"ended_by"`

	UserGeneration   int64 `db:"user_generation"`
	GlobalGeneration int64 `db:"global_generation"`
	Version          int64 `db:"version"`

	Data string `db:"data"`
}

// lastVisit is what a touch writes. Its JSON is how it travels to the database
// in a batch.
type lastVisit struct {
	LastAt     int64  `db:"last_at" json:"at"`
	IP         string `db:"ip" json:"ip"`
	Network    string `db:"network" json:"network"`
	Country    string `db:"country" json:"country"`
	City       string `db:"city" json:"city"`
	DeviceKind string `db:"device_kind" json:"kind"`
	Browser    string `db:"browser" json:"browser"`
	OS         string `db:"os" json:"os"`
	Last       string `db:"last" json:"last"`
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

// dataRecord is the JSON of what [session.Store.Update] writes and no operator
// asks for.
type dataRecord struct {
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

// encode returns s as a row.
func encode(s *session.Session) (r row, err error) {
	r = row{
		ID: s.ID[:], UserID: s.UserID, Carrier: string(s.Carrier), Name: s.Name,
		CreatedAt: s.First.At.UnixMilli(), CreatedIP: addrText(s.First.IP),
		ExpiresAt: s.ExpiresAt.UnixMilli(), IdleMS: s.IdleTimeout.Milliseconds(),
		UserGeneration: s.Generations.User, GlobalGeneration: s.Generations.Global, Version: s.Version,
	}
	var errs [3]error
	r.Created, errs[0] = marshal(visitRecordOf(s.First))
	r.lastVisit, errs[1] = encodeLast(s.Last)
	r.Data, errs[2] = encodeData(s)
	due := min(r.ExpiresAt, r.LastAt+r.IdleMS)
	r.DueAt = &due
	return r, errors.Join(errs[:]...)
}

func encodeLast(v session.Visit) (l lastVisit, err error) {
	r := visitRecordOf(v)
	l = lastVisit{
		LastAt: v.At.UnixMilli(), IP: addrText(v.IP), Network: r.Network, Country: r.CountryCode, City: r.City,
		DeviceKind: string(r.Kind), Browser: r.Browser, OS: r.OS,
	}
	r.Network, r.CountryCode, r.City, r.Kind, r.Browser, r.OS = "", "", "", "", "", ""
	l.Last, err = marshal(r)
	return l, err
}

func encodeData(s *session.Session) (string, error) {
	k := s.Secrets
	d := dataRecord{
		Issuer: s.Issuer, Subject: s.Subject, SID: s.SID,
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

// encodeIDs and encodeTouches return what travels to the database as one
// parameter.
func encodeIDs(ids []session.ID) (string, error) {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = hex.EncodeToString(id[:])
	}
	slices.Sort(texts) // the order in which everybody locks rows
	return marshal(slices.Compact(texts))
}

func encodeTouches(touches []session.Touch) (string, error) {
	type touch struct {
		ID string `json:"id"`
		lastVisit
	}
	rows := make([]touch, len(touches))
	for i, t := range touches {
		l, err := encodeLast(t.Visit)
		if err != nil {
			return "", err
		}
		rows[i] = touch{hex.EncodeToString(t.ID[:]), l}
	}
	return marshal(rows)
}

// decode returns the session that r is the row of.
func (r *row) decode() (s *session.Session, err error) {
	s = &session.Session{
		UserID: r.UserID, Carrier: session.Carrier(r.Carrier), Name: r.Name,
		ExpiresAt: fromMillis(r.ExpiresAt), IdleTimeout: time.Duration(r.IdleMS) * time.Millisecond,
		Generations: session.Generations{User: r.UserGeneration, Global: r.GlobalGeneration}, Version: r.Version,
	}
	if copy(s.ID[:], r.ID) != len(s.ID) || len(r.ID) != len(s.ID) {
		return nil, fmt.Errorf("id: %d bytes", len(r.ID))
	}
	if r.EndedAt != nil {
		s.Ended = &session.Ending{At: fromMillis(*r.EndedAt), Reason: session.Reason(r.Reason), By: r.EndedBy}
	}
	var first visitRecord
	if err := json.Unmarshal([]byte(r.Created), &first); err != nil {
		return nil, fmt.Errorf("created: %w", err)
	}
	if s.First, err = first.visit(r.CreatedAt, r.CreatedIP); err != nil {
		return nil, fmt.Errorf("created: %w", err)
	}
	if s.Last, err = r.lastVisit.decode(); err != nil {
		return nil, fmt.Errorf("last: %w", err)
	}
	if err := decodeData(r.Data, s); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return s, nil
}

func (l *lastVisit) decode() (session.Visit, error) {
	var r visitRecord
	if err := json.Unmarshal([]byte(l.Last), &r); err != nil {
		return session.Visit{}, err
	}
	r.Network, r.CountryCode, r.City = l.Network, l.Country, l.City
	r.Kind, r.Browser, r.OS = device.Kind(l.DeviceKind), l.Browser, l.OS
	return r.visit(l.LastAt, l.IP)
}

func decodeData(text string, s *session.Session) error {
	var d dataRecord
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return err
	}
	k := d.Secrets
	s.Issuer, s.Subject, s.SID = d.Issuer, d.Subject, d.SID
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
