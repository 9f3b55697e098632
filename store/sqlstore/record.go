package sqlstore

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

// row is one row of the sessions table. What is read is JSON, as of package
// record, or a column of its own; what else operators ask for is in a column as
// well, which is written only.
type row struct {
	ID []byte

	UserID, Carrier, Name string

	CreatedAt          int64
	CreatedIP, Created string

	lastVisit

	ExpiresAt, IdleMS int64
	DueAt             *int64

	EndedAt         sql.NullInt64
	Reason, EndedBy string

	UserGeneration, GlobalGeneration, Version int64

	Data  string
	Bound sql.NullString
}

// lastVisit is what a touch writes.
type lastVisit struct {
	LastAt int64

	IP, Network, Country, City, DeviceKind, Browser, OS, Last string
}

// encode returns s as a row.
func encode(s *session.Session) row {
	r := row{
		ID: s.ID[:], UserID: s.UserID, Carrier: string(s.Carrier), Name: s.Name,
		CreatedAt: s.First.At.UnixMilli(), CreatedIP: record.Addr(s.First.IP), Created: record.Visit.Text(&s.First),
		lastVisit: encodeLast(&s.Last),
		ExpiresAt: s.ExpiresAt.UnixMilli(), IdleMS: s.IdleTimeout.Milliseconds(),
		UserGeneration: s.Generations.User, GlobalGeneration: s.Generations.Global, Version: s.Version,
		Data: record.Data.Text(s), Bound: encodeBound(s),
	}
	due := min(r.ExpiresAt, r.LastAt+r.IdleMS)
	r.DueAt = &due
	return r
}

// encodeBound returns the key of the device, NULL if there is none.
func encodeBound(s *session.Session) sql.NullString {
	if s.Bound == (session.Binding{}) {
		return sql.NullString{}
	}
	return sql.NullString{String: record.Binding.Text(&s.Bound), Valid: true}
}

func encodeLast(v *session.Visit) lastVisit {
	return lastVisit{
		LastAt: v.At.UnixMilli(), IP: record.Addr(v.IP), Network: record.Network(v.Network),
		Country: v.Location.CountryCode, City: v.Location.City,
		DeviceKind: string(v.Device.Kind), Browser: v.Device.Browser, OS: v.Device.OS,
		Last: record.Visit.Text(v),
	}
}

// values returns what is stored, in the order of columns.
func (r *row) values() []any {
	l := &r.lastVisit
	return []any{
		r.ID, r.UserID, r.Carrier, r.Name, r.CreatedAt, r.CreatedIP, r.Created,
		l.LastAt, l.IP, l.Network, l.Country, l.City, l.DeviceKind, l.Browser, l.OS, l.Last,
		r.ExpiresAt, r.IdleMS, r.DueAt, r.EndedAt, r.Reason, r.EndedBy,
		r.UserGeneration, r.GlobalGeneration, r.Version, r.Data, r.Bound,
	}
}

// pointers returns where what is read goes, in the order of those columns that
// are not [forOperators].
func (r *row) pointers() []any {
	l := &r.lastVisit
	return []any{
		&r.ID, &r.UserID, &r.Carrier, &r.Name, &r.CreatedAt, &r.CreatedIP, &r.Created,
		&l.LastAt, &l.IP, &l.Last,
		&r.ExpiresAt, &r.IdleMS, &r.EndedAt, &r.Reason, &r.EndedBy,
		&r.UserGeneration, &r.GlobalGeneration, &r.Version, &r.Data, &r.Bound,
	}
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

// touchKeys are those of a visit in a batch, after its id and time.
var touchKeys = [...]string{`,"ip":`, `,"network":`, `,"country":`, `,"city":`, `,"kind":`, `,"browser":`, `,"os":`, `,"last":`}

// encodeTouches says, with gens, under which generation each session was.
func encodeTouches(touches []session.Touch, gens map[session.ID]int64) string {
	b := make([]byte, 0, len(touches)*1024)
	for i := range touches {
		t := &touches[i]
		l := encodeLast(&t.Visit)
		b = append(append(b, "[,"[min(i, 1)]), `{"id":"`...)
		b = append(hex.AppendEncode(b, t.ID[:]), `","at":`...)
		b = strconv.AppendInt(b, l.LastAt, 10)
		for k, text := range [...]string{l.IP, l.Network, l.Country, l.City, l.DeviceKind, l.Browser, l.OS, l.Last} {
			b = record.AppendText(append(b, touchKeys[k]...), text)
		}
		if gens != nil {
			b = strconv.AppendInt(append(b, `,"gen":`...), gens[t.ID], 10)
		}
		b = append(b, '}')
	}
	return string(append(b, ']'))
}

// encodeTimes is encodeTouches for visits of which only the time is new.
func encodeTimes(touches []session.Touch, gens map[session.ID]int64) string {
	b := make([]byte, 0, len(touches)*100)
	for i := range touches {
		t := &touches[i]
		b = append(append(b, "[,"[min(i, 1)]), `["`...)
		b = append(hex.AppendEncode(b, t.ID[:]), `",`...)
		b = append(strconv.AppendInt(b, t.Visit.At.UnixMilli(), 10), ',')
		b = strconv.AppendInt(b, t.Since.UnixMilli(), 10)
		if gens != nil {
			b = strconv.AppendInt(append(b, ','), gens[t.ID], 10)
		}
		b = append(b, ']')
	}
	return string(append(b, ']'))
}

// decode returns the session that r is the row of.
func (r *row) decode() (s *session.Session, err error) {
	s = &session.Session{
		UserID: r.UserID, Carrier: session.Carrier(r.Carrier), Name: r.Name,
		ExpiresAt: record.Time(r.ExpiresAt), IdleTimeout: time.Duration(r.IdleMS) * time.Millisecond,
		Generations: session.Generations{User: r.UserGeneration, Global: r.GlobalGeneration}, Version: r.Version,
	}
	if copy(s.ID[:], r.ID) != len(s.ID) || len(r.ID) != len(s.ID) {
		return nil, fmt.Errorf("id: %d bytes", len(r.ID))
	}
	if r.EndedAt.Valid {
		s.Ended = &session.Ending{At: record.Time(r.EndedAt.Int64), Reason: session.Reason(r.Reason), By: r.EndedBy}
	}
	if err := decodeVisit(r.CreatedAt, r.CreatedIP, r.Created, &s.First); err != nil {
		return nil, fmt.Errorf("created: %w", err)
	}
	if err := decodeVisit(r.LastAt, r.IP, r.Last, &s.Last); err != nil {
		return nil, fmt.Errorf("last: %w", err)
	}
	if err := record.Data.Read(r.Data, s); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if r.Bound.Valid {
		if err := record.Binding.Read(r.Bound.String, &s.Bound); err != nil {
			return nil, fmt.Errorf("bound: %w", err)
		}
	}
	return s, nil
}

func decodeVisit(at int64, ip, text string, v *session.Visit) (err error) {
	if v.IP, err = record.ParseAddr(ip); err != nil {
		return err
	}
	v.At = record.Time(at)
	return record.Visit.Read(text, v)
}

func marshal(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
