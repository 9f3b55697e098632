package dbtest_test

import (
	"bytes"
	"net"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/signedin/signedin/geo/maxmind"
)

type (
	fields   = mmdbtype.Map
	str      = mmdbtype.String
	networks map[string]mmdbtype.DataType
)

// build makes a database of the given networks.
func build(t testing.TB, opts mmdbwriter.Options, ns networks) []byte {
	t.Helper()
	opts.IncludeReservedNetworks = true
	if opts.Description == nil {
		opts.Description = map[string]string{"en": "test"} // Verify wants one
	}
	w, err := mmdbwriter.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	for cidr, record := range ns {
		_, n, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Insert(n, record); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// open opens a database in memory.
func open(t testing.TB, b []byte, cfg maxmind.Config) *maxmind.DB {
	t.Helper()
	db, err := maxmind.FromBytes(b, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func names(en string) fields { return fields{"names": fields{"en": str(en), "de": str(en + " (de)")}} }

// nested is a record as MaxMind and DB-IP make it.
func nested(code, country, city string, lat, lon float64, radius uint16) fields {
	c := names(country)
	c["iso_code"] = str(code)
	location := fields{"latitude": mmdbtype.Float64(lat), "longitude": mmdbtype.Float64(lon), "time_zone": str("Europe/" + city)}
	if radius > 0 {
		location["accuracy_radius"] = mmdbtype.Uint16(radius)
	}
	return fields{
		"continent": fields{"code": str("EU"), "names": fields{"en": str("Europe")}},
		"country":   c, "city": names(city), "location": location,
		"registered_country": fields{"iso_code": str("QQ")},
		"subdivisions":       mmdbtype.Slice{fields{"iso_code": str("QQ")}},
	}
}

func system(number uint32, name string) fields {
	return fields{
		"autonomous_system_number":       mmdbtype.Uint32(number),
		"autonomous_system_organization": str(name),
	}
}

// cities are two places on each side of the internet.
func cities() networks {
	return networks{
		"81.2.69.0/24":  nested("GB", "United Kingdom", "London", 51.5142, -0.0931, 10),
		"89.160.0.0/16": nested("SE", "Sweden", "Linköping", 58.4167, 15.6167, 0),
		"2a02:cf40::/29": fields{"country": fields{
			"iso_code": str("NO"), "names": fields{"en": str("Norway"), "de": str("Norwegen")},
		}},
	}
}

func cityDB(t testing.TB, epoch int64) []byte {
	return build(t, mmdbwriter.Options{DatabaseType: "Test-City", BuildEpoch: epoch}, cities())
}

func systemDB(t testing.TB, epoch int64) []byte {
	return build(t, mmdbwriter.Options{DatabaseType: "Test-ASN", BuildEpoch: epoch}, networks{
		"81.2.69.0/24": system(20712, "Andrews & Arnold"),
		"8.8.8.0/24":   system(15169, "Google LLC"),
	})
}
