package dbtest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/geo/maxmind"
)

// testdata returns the folder that GEO_TESTDATA names: MaxMind's test databases
// in good and the corrupt ones that readers of the format are tested with in
// bad. They are not part of this repository.
func testdata(t *testing.T) string {
	folder := os.Getenv("GEO_TESTDATA")
	if folder == "" {
		t.Skip("GEO_TESTDATA names no folder")
	}
	return folder
}

func TestCorruptFiles(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testdata(t), "bad", "*.mmdb"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		survive(t, name, func() { try(b) })
		_, err = maxmind.New(path, maxmind.Config{Mmap: true})
		t.Logf("%s: %v", name, err)
	}
}

func TestMaxMindFiles(t *testing.T) {
	folder := filepath.Join(testdata(t), "good")
	for file, addresses := range map[string]map[string]geo.Location{
		"GeoLite2-City-Test.mmdb": {
			"81.2.69.160": {
				CountryCode: "GB", Country: "United Kingdom", City: "London", TimeZone: "Europe/London",
				Latitude: 51.5, Longitude: -0.1, HasCoordinates: true, Radius: 100,
			},
			"67.43.156.1": {
				CountryCode: "BT", Country: "Bhutan", TimeZone: "Asia/Thimphu",
				Latitude: 27.5, Longitude: 90.5, HasCoordinates: true, Radius: 534,
			},
			"10.0.0.1": {Scope: geo.ScopePrivate},
		},
		"GeoLite2-Country-Test.mmdb": {
			"81.2.69.160": {CountryCode: "GB", Country: "United Kingdom"},
			"2001:218::1": {CountryCode: "JP", Country: "Japan"},
		},
		"GeoLite2-ASN-Test.mmdb": {
			"1.128.0.1": {ASN: 1221, Organization: "Telstra Pty Ltd"},
		},
		"GeoIP2-Anonymous-IP-Test.mmdb": {
			"1.2.0.1":      {Network: geo.KindRelay},
			"1.124.213.1":  {Network: geo.KindTor},
			"65.0.0.1":     {Network: geo.KindTor},
			"71.160.223.1": {Network: geo.KindHosting},
			"186.30.236.1": {Network: geo.KindRelay},
			"81.2.69.1":    {Network: geo.KindTor},
		},
		"GeoIP-Anonymous-Plus-Test.mmdb":    {"1.2.0.1": {Network: geo.KindRelay}},
		"GeoIP-Residential-Proxy-Test.mmdb": {"1.2.0.4": {Network: geo.KindRelay}},
		"GeoIP2-Connection-Type-Test.mmdb": {
			"1.0.0.1":       {Network: geo.KindResidential},
			"1.0.1.1":       {Network: geo.KindMobile},
			"201.243.200.1": {Network: geo.KindBusiness},
		},
		"GeoIP2-ISP-Test.mmdb": {
			"149.101.100.1": {ASN: 6167, Organization: "CELLCO-PART", Network: geo.KindMobile},
		},
	} {
		db, err := maxmind.New(filepath.Join(folder, file), maxmind.Config{Verify: true})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for ip, want := range addresses {
			if want.Scope == geo.ScopeUnknown {
				want.Scope, want.Source, want.Built = geo.ScopeGlobal, db.Type(), db.BuildTime()
			}
			if got := locate(t, db, ip); got != want {
				t.Errorf("%s: %s:\n got %+v\nwant %+v", file, ip, got, want)
			}
		}
	}
}
