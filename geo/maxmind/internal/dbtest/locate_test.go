package dbtest_test

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/geo/maxmind"
)

const epoch = 1790000000

var built = time.Unix(epoch, 0).UTC()

func locate(t *testing.T, l geo.Locator, ip string) geo.Location {
	t.Helper()
	got, err := l.Locate(t.Context(), netip.MustParseAddr(ip))
	if err != nil {
		t.Errorf("%s: %v", ip, err)
	}
	return got
}

func TestCity(t *testing.T) {
	db := open(t, cityDB(t, epoch), maxmind.Config{})
	london := geo.Location{
		Scope: geo.ScopeGlobal, CountryCode: "GB", Country: "United Kingdom", City: "London",
		TimeZone: "Europe/London", Latitude: 51.5, Longitude: -0.1, HasCoordinates: true, Radius: 10,
		Source: "Test-City", Built: built,
	}
	for _, ip := range []string{"81.2.69.160", "::ffff:81.2.69.160", "64:ff9b::81.2.69.160", "2002:5102:45a0::1"} {
		if got := locate(t, db, ip); got != london {
			t.Errorf("%s:\n got %+v\nwant %+v", ip, got, london)
		}
	}
	norway := geo.Location{
		Scope: geo.ScopeGlobal, CountryCode: "NO", Country: "Norway", Source: "Test-City", Built: built,
	}
	if got := locate(t, db, "2a02:cf40::1"); got != norway {
		t.Errorf("got %+v\nwant %+v", got, norway)
	}
	for _, ip := range []string{"8.8.8.8", "2001:4860::1"} {
		if got, want := locate(t, db, ip), (geo.Location{Scope: geo.ScopeGlobal}); got != want {
			t.Errorf("%s is in no network: %+v", ip, got)
		}
	}
	if db.Type() != "Test-City" || !db.BuildTime().Equal(built) {
		t.Errorf("%s of %v, want Test-City of %v", db.Type(), db.BuildTime(), built)
	}
	if age := db.Age(); age > time.Since(built) || age < time.Since(built)-time.Hour {
		t.Errorf("%v old, want %v", age, time.Since(built))
	}
}

func TestLanguage(t *testing.T) {
	db := open(t, cityDB(t, epoch), maxmind.Config{Language: "de"})
	if got := locate(t, db, "2a02:cf40::1").Label(); got != "Norwegen" {
		t.Errorf("got %q, want Norwegen", got)
	}
	if got := locate(t, db, "81.2.69.160").Label(); got != "London (de), United Kingdom (de)" {
		t.Errorf("got %q", got)
	}
	db = open(t, cityDB(t, epoch), maxmind.Config{Language: "ja"})
	if got := locate(t, db, "81.2.69.160").Label(); got != "London, United Kingdom" {
		t.Errorf("in a language that the database has not: %q", got)
	}
}

// TestSchemas is about the fields that databases of several makers have.
func TestSchemas(t *testing.T) {
	f64 := func(f float64) mmdbtype.Float64 { return mmdbtype.Float64(f) }
	yes, no := mmdbtype.Bool(true), mmdbtype.Bool(false)
	for _, c := range []struct {
		name string
		in   mmdbtype.DataType
		want geo.Location
	}{
		{"ip-location-db city", fields{
			"country_code": str("NL"), "city": str("Amsterdam"), "state1": str("North Holland"),
			"latitude": f64(52.374), "longitude": f64(4.8897), "timezone": str("Europe/Amsterdam"),
		}, geo.Location{
			CountryCode: "NL", Country: "Netherlands", City: "Amsterdam", TimeZone: "Europe/Amsterdam",
			Latitude: 52.4, Longitude: 4.9, HasCoordinates: true,
		}},
		{"IPinfo Lite", fields{
			"asn": str("AS1136"), "as_name": str("KPN B.V."), "as_domain": str("kpn.net"), "continent": str("Europe"),
			"continent_code": str("EU"), "country": str("The Netherlands"), "country_code": str("NL"),
		}, geo.Location{CountryCode: "NL", Country: "Netherlands", ASN: 1136, Organization: "KPN B.V."}},
		{"IPinfo location", fields{
			"city": str("Amsterdam"), "country": str("NL"), "lat": str("52.37403"), "lng": str("4.88969"),
		}, geo.Location{
			CountryCode: "NL", Country: "Netherlands", City: "Amsterdam",
			Latitude: 52.4, Longitude: 4.9, HasCoordinates: true,
		}},
		{"Enterprise", fields{
			"country": fields{"iso_code": str("US"), "confidence": mmdbtype.Uint16(99)},
			"traits": fields{
				"autonomous_system_number": mmdbtype.Uint32(7018), "isp": str("AT&T Services"),
				"autonomous_system_organization": str("ATT-INTERNET4"), "user_type": str("residential"),
				"connection_type": str("Cable/DSL"),
			},
		}, geo.Location{
			CountryCode: "US", Country: "United States", ASN: 7018, Organization: "ATT-INTERNET4", Network: geo.KindResidential,
		}},
		{"ISP", fields{"isp": str("Verizon Wireless"), "mobile_country_code": str("310"), "mobile_network_code": str("004")},
			geo.Location{Organization: "Verizon Wireless", Network: geo.KindMobile}},
		{"ASN", system(22351, "INTELSAT"), geo.Location{ASN: 22351, Organization: "INTELSAT", Network: geo.KindSatellite}},
		{"connection: mobile", fields{"connection_type": str("Cellular")}, geo.Location{Network: geo.KindMobile}},
		{"connection: business", fields{"connection_type": str("Corporate")}, geo.Location{Network: geo.KindBusiness}},
		{"connection: satellite", fields{"connection_type": str("Satellite")}, geo.Location{Network: geo.KindSatellite}},
		{"connection: to come", fields{"connection_type": str("Pigeon")}, geo.Location{}},
		{"VPN", fields{"is_anonymous": yes, "is_anonymous_vpn": yes}, geo.Location{Network: geo.KindRelay}},
		{"VPN and Tor", fields{"is_anonymous": yes, "is_anonymous_vpn": yes, "is_tor_exit_node": yes}, geo.Location{Network: geo.KindTor}},
		{"hosting", fields{"is_anonymous": yes, "is_hosting_provider": yes}, geo.Location{Network: geo.KindHosting}},
		{"hosting with VPN", fields{"is_anonymous_vpn": yes, "is_hosting_provider": yes}, geo.Location{Network: geo.KindRelay}},
		{"anonymous mobile", fields{"is_anonymous": yes, "connection_type": str("Cellular")}, geo.Location{Network: geo.KindRelay}},
		{"residential proxy", fields{"anonymizer_confidence": mmdbtype.Uint16(82), "provider_name": str("x")}, geo.Location{Network: geo.KindRelay}},
		{"not anonymous", fields{"is_anonymous": no, "is_anonymous_vpn": no}, geo.Location{}},
		{"nothing", fields{}, geo.Location{}},
		{"other types than expected", fields{
			"country": mmdbtype.Uint32(1), "city": mmdbtype.Slice{str("x")}, "location": str("here"), "traits": yes,
			"country_code": f64(1), "latitude": yes, "longitude": fields{}, "asn": f64(2), "is_anonymous": str("yes"),
			"timezone": mmdbtype.Bytes("x"), "connection_type": &mmdbtype.Uint128{}, "isp": mmdbtype.Int32(-1),
		}, geo.Location{}},
		{"values that cannot be", fields{
			"country_code": str("N1"), "city": str("\xff"), "timezone": str("a\x00b"), "latitude": f64(91), "longitude": f64(4),
			"asn": mmdbtype.Int32(-1), "accuracy_radius": mmdbtype.Uint64(1 << 40),
		}, geo.Location{}},
		{"more than fits", fields{
			"country_code": str("nl"), "latitude": f64(-0.01), "longitude": f64(180), "accuracy_radius": mmdbtype.Uint64(1 << 40),
			"asn": mmdbtype.Uint64(1 << 32), "as_name": str("x"),
		}, geo.Location{
			CountryCode: "NL", Country: "Netherlands", HasCoordinates: true, Longitude: 180, Radius: 65535,
		}},
		{"nobody's", fields{"country_code": str("ZZ")}, geo.Location{}},
		{"a country that geo does not know", fields{"country_code": str("QQ"), "country_name": str("Qumran")},
			geo.Location{CountryCode: "QQ", Country: "Qumran"}},
	} {
		b := build(t, mmdbwriter.Options{DatabaseType: "Test", BuildEpoch: epoch}, networks{
			"8.8.8.0/24": c.in, "1.0.0.0/24": fields{"country_code": str("AU")},
		})
		if c.want != (geo.Location{}) {
			c.want.Source, c.want.Built = "Test", built
		}
		c.want.Scope = geo.ScopeGlobal
		if got := locate(t, open(t, b, maxmind.Config{}), "8.8.8.8"); got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, c.want)
		}
	}
}

func TestSeveralDatabases(t *testing.T) {
	both := geo.Combine(
		open(t, systemDB(t, epoch), maxmind.Config{}),
		open(t, cityDB(t, epoch), maxmind.Config{}),
	)
	got := locate(t, both, "81.2.69.160")
	if got.Label() != "London, United Kingdom" || got.ASN != 20712 || got.Source != "Test-City" {
		t.Errorf("got %+v", got)
	}
	if got := locate(t, both, "8.8.8.8"); got.Network != geo.KindHosting || got.Source != "Test-ASN" {
		t.Errorf("got %+v", got)
	}
}

// TestReserved uses a database that places addresses which have no place.
func TestReserved(t *testing.T) {
	ns := networks{"8.8.8.0/24": nested("US", "United States", "Nowhere", 1, 1, 0)}
	for _, cidr := range []string{"10.0.0.0/8", "127.0.0.0/8", "100.64.0.0/10", "203.0.113.0/24", "240.0.0.0/8", "2001:db8::/32", "fe80::/10"} {
		ns[cidr] = ns["8.8.8.0/24"]
	}
	b := build(t, mmdbwriter.Options{DatabaseType: "Test"}, ns)
	plain, demo := open(t, b, maxmind.Config{}), open(t, b, maxmind.Config{AllowReserved: true})
	for ip, want := range map[string]string{
		"203.0.113.9": "Nowhere, United States", "2001:db8::9": "Nowhere, United States", "240.0.0.9": "Nowhere, United States",
		"10.0.0.9": "Local network", "100.64.0.9": "Local network", "fe80::9": "Local network", "127.0.0.9": "This device",
	} {
		addr := netip.MustParseAddr(ip)
		if got := locate(t, plain, ip); got != (geo.Location{Scope: geo.ScopeOf(addr)}) {
			t.Errorf("%s: %+v, want the scope alone", ip, got)
		}
		if got := locate(t, demo, ip).Label(); got != want {
			t.Errorf("%s for a demonstration: %q, want %q", ip, got, want)
		}
	}
	if got, err := plain.Locate(t.Context(), netip.Addr{}); err != nil || got != (geo.Location{}) {
		t.Errorf("no address: %+v, %v", got, err)
	}
}

func TestOneFamilyOnly(t *testing.T) {
	v4 := open(t, build(t, mmdbwriter.Options{DatabaseType: "Test", IPVersion: 4}, networks{
		"8.8.8.0/24": fields{"country_code": str("US")},
	}), maxmind.Config{})
	v6 := open(t, build(t, mmdbwriter.Options{DatabaseType: "Test", DisableIPv4Aliasing: true}, networks{
		"2a02:cf40::/29": fields{"country_code": str("NO")},
	}), maxmind.Config{})
	for ip, want := range map[string]string{"8.8.8.8": "US", "2a02:cf40::1": ""} {
		if got := locate(t, v4, ip).CountryCode; got != want {
			t.Errorf("IPv4 only: %s in %q, want %q", ip, got, want)
		}
	}
	for ip, want := range map[string]string{"8.8.8.8": "", "2a02:cf40::1": "NO"} {
		if got := locate(t, v6, ip).CountryCode; got != want {
			t.Errorf("IPv6 only: %s in %q, want %q", ip, got, want)
		}
	}
}

func TestConfig(t *testing.T) {
	b := cityDB(t, epoch)
	if _, err := maxmind.FromBytes(b, maxmind.Config{Interval: -1}); err == nil {
		t.Error("negative interval: no error")
	}
	if _, err := maxmind.FromBytes(b, maxmind.Config{Verify: true}); err != nil {
		t.Errorf("verified: %v", err)
	}
	if err := open(t, b, maxmind.Config{}).Reload(); err == nil {
		t.Error("reload of no file: no error")
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		if _, err := maxmind.New(path, maxmind.Config{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error that names it", path, err)
		}
	}
}

var update = flag.Bool("update", false, "write the file that the example of package maxmind uses")

// TestDocumentationFile checks the file in testdata, which is made here of
// documentation addresses.
func TestDocumentationFile(t *testing.T) {
	b := build(t, mmdbwriter.Options{
		DatabaseType: "Documentation-City", BuildEpoch: epoch, RecordSize: 24, IPVersion: 4,
	}, networks{
		"203.0.113.0/24":  nested("NL", "Netherlands", "Amsterdam", 52.37, 4.9, 20),
		"198.51.100.0/24": nested("GB", "United Kingdom", "London", 51.5, -0.1, 500),
	})
	path := filepath.Join("..", "..", "testdata", "documentation.mmdb")
	if *update {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(file) != string(b) {
		t.Error("the file is not what this test makes: run it with -update")
	}
}
