package sqlstore_test

import (
	"database/sql"
	"reflect"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// FuzzDecode reads rows that this program did not write: damaged ones, and
// those of another version. What can be read is written and read again without
// a change.
func FuzzDecode(f *testing.F) {
	r := sqlstore.Encode(&session.Session{
		UserID: "ada", Attrs: map[string]string{"a": "b"}, Methods: []string{"pwd"},
		Signals: []session.Signal{{Code: "country.new", At: time.UnixMilli(1).UTC()}},
	})
	f.Add(r.ID, r.Created, "192.0.2.1", "2001:db8::1", r.Last, r.Data, `{"key":"k","since":1}`, int64(0), int64(1))
	f.Add(r.ID[1:], `{"built":"x"}`, "::", "", `{"radius":1e9}`, `{"secrets":{"salt":""}}`, `{"since":"x"}`, int64(-1), int64(1<<62))
	f.Add(r.ID, `{"network":"::%0/1"}`, "fe80::1%0", "x", `null`, `{"signals":[{},null]}`, "", int64(1<<62), int64(-1))
	f.Fuzz(func(t *testing.T, id []byte, created, createdIP, ip, last, data, bound string, at, ended int64) {
		var r sqlstore.Record
		r.ID, r.Created, r.CreatedIP, r.Data = id, created, createdIP, data
		r.Bound = sql.NullString{String: bound, Valid: bound != ""}
		r.IP, r.Last, r.LastAt = ip, last, at
		r.EndedAt = sql.NullInt64{Int64: ended, Valid: true}
		s, err := sqlstore.Decode(&r)
		if (s == nil) != (err != nil) {
			t.Fatalf("got %v and error %v", s, err)
		}
		if err != nil {
			return
		}
		again := roundTrip(t, s)
		if twice := roundTrip(t, again); !reflect.DeepEqual(twice, again) {
			t.Errorf("written and read again:\n got %#v\nwant %#v", twice, again)
		}
	})
}

func roundTrip(t *testing.T, s *session.Session) *session.Session {
	t.Helper()
	r := sqlstore.Encode(s)
	s, err := sqlstore.Decode(&r)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v", err)
	}
	return s
}
