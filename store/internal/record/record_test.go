package record_test

import (
	"encoding/json"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

var built = time.Date(2026, 3, 29, 1, 59, 59, 987_000_000, time.UTC)

func sample() *session.Session {
	return &session.Session{
		ID: session.ID{1, 15: 2}, Carrier: session.CarrierBearer, Name: "Mum's \"iPad\"\n<&>\u2028",
		First: session.Visit{
			At: built, Network: netip.MustParsePrefix("2001:db8::/48"),
			Device: device.Device{Kind: device.KindTablet, Browser: "Safari", Source: 3, Inconsistent: true},
			Location: geo.Location{
				Scope: 2, CountryCode: "NL", City: "'s-Hertogenbosch", Latitude: -0.1, Longitude: 1e-7, HasCoordinates: true,
				Radius: math.MaxUint16, ASN: math.MaxUint32, Built: built,
			},
		},
		Secrets: session.Secrets{Current: session.SecretHash{31: 1}, Salt: session.Salt{1}, RotatedAt: time.UnixMilli(-1).UTC()},
		Methods: []string{"pwd", "", "otp"}, DeviceKey: session.DeviceKey{7: 255}, Persistent: true, Shared: true,
		Signals: []session.Signal{{Code: "a", Args: map[string]string{"": "x", "\x01": "\\"}, Level: 3, At: built}, {}},
		Attrs:   map[string]string{"b": "2", "a": ""},
	}
}

func TestRoundTrip(t *testing.T) {
	s := sample()
	got := &session.Session{}
	for part, text := range map[*record.Part[session.Session]]string{
		&record.Start: record.Start.Text(s), &record.DataAndName: record.DataAndName.Text(s),
	} {
		if !json.Valid([]byte(text)) {
			t.Errorf("not JSON: %s", text)
		}
		if err := part.Read(text, got); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if !reflect.DeepEqual(got, s) {
		t.Errorf("got %#v\nwant %#v", got, s)
	}
	bound, read := session.Binding{Key: "\"k", Algorithm: "ES256", Since: built, SeenAt: built.Add(1e9)}, session.Binding{}
	if err := record.Binding.Read(record.Binding.Text(&bound), &read); err != nil || read != bound {
		t.Errorf("got %+v, %v, want %+v", read, err, bound)
	}
	if got := record.Data.Text(&session.Session{}); got != "{}" {
		t.Errorf("of nothing: got %s, want {}", got)
	}
}

// TestOtherWriters has the same object with spaces, in another order, escaped
// otherwise, and with keys of a later version.
func TestOtherWriters(t *testing.T) {
	var got session.Session
	err := record.DataAndName.Read(" {\t\"later\" : {\"a\":[1,\"}\",null]} , \"persistent\":true,\n\"methods\": [ \"p\\u0077d\" , \"\\ud83d\\ude00\" ],"+
		`"attrs":{}, "more":-1.5e3,"issuer":"\/","name":"x" } `, &got)
	want := session.Session{Persistent: true, Methods: []string{"pwd", "😀"}, Issuer: "/", Name: "x"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestDamaged(t *testing.T) {
	whole := record.DataAndName.Text(sample())
	for i := range len(whole) {
		if err := record.DataAndName.Read(whole[:i], new(session.Session)); err == nil {
			t.Errorf("cut off after %d bytes: got no error", i)
		}
	}
	for _, text := range []string{
		``, ` `, `null`, `[]`, `{}{}`, `{} x`, `{"name":}`, `{"name":1}`, `{"name":"` + "\x01" + `"}`, "{\"name\":\"\xff\"}", `{"name":"\x"}`,
		`{"name":"a",}`, `{,}`, `{"persistent":1}`, `{"persistent":truex}`, `{"methods":[,]}`, `{"methods":["a"}`, `{"attrs":{"a"}}`,
		`{"signals":[null]}`, `{"signals":[{"level":256}]}`, `{"secrets":{"current":"AAAA"}}`, `{"secrets":{"salt":"=AAAAAAAAAAAAAAAAAAAAA=="}}`,
		`{"authenticated_at":"now"}`, `{"authenticated_at":9223372036854775808}`, `{"device_key":"` + strings.Repeat("A", 1000) + `"}`, `{"later":x}`,
	} {
		if err := record.DataAndName.Read(text, new(session.Session)); err == nil {
			t.Errorf("%s: got no error", text)
		}
	}
	for _, text := range []string{`{"radius":65536}`, `{"radius":-1}`, `{"asn":1.5}`, `{"latitude":"1"}`, `{"latitude":1e999}`, `{"network":"10.0.0.0/99"}`, `{"network":""}`} {
		if err := record.Visit.Read(text, new(session.Visit)); err == nil {
			t.Errorf("%s: got no error", text)
		}
	}
}

// FuzzRead reads what somebody else wrote: what can be read is written as JSON
// and read again without a change.
func FuzzRead(f *testing.F) {
	f.Add(record.DataAndName.Text(sample()))
	f.Add(record.Start.Text(sample()))
	f.Add(`{"later":[{"a":"\""}],"signals":[{},{"args":{"":"\u0000"}}],"name":"\ud800"}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, part := range []record.Part[session.Session]{record.DataAndName, record.Start} {
			var s, again session.Session
			if part.Read(text, &s) != nil {
				continue
			}
			written := part.Text(&s)
			if err := part.Read(written, &again); err != nil || !json.Valid([]byte(written)) || !reflect.DeepEqual(again, s) {
				t.Errorf("%q was read, written as %q and read again: %v\n got %#v\nwant %#v", text, written, err, again, s)
			}
		}
	})
}

func BenchmarkText(b *testing.B) {
	b.ReportAllocs()
	for s := sample(); b.Loop(); {
		_ = record.DataAndName.Text(s)
		_ = record.Start.Text(s)
	}
}

func BenchmarkRead(b *testing.B) {
	data, start := record.DataAndName.Text(sample()), record.Start.Text(sample())
	b.ReportAllocs()
	for b.Loop() {
		var s session.Session
		if record.DataAndName.Read(data, &s) != nil || record.Start.Read(start, &s) != nil {
			b.Fatal("not read")
		}
	}
}
