package main

import "fmt"

// A quality is how much a host's databases say of an address.
type quality string

// The qualities, in the order of the tables.
const (
	qualityAll       quality = "all"       // city, ASN, and the kind of every network
	qualityCentres   quality = "centres"   // GeoLite2-City and GeoLite2-ASN, with data centres and relays told by number or name
	qualityASN       quality = "asn"       // the same, where none is
	qualityCity      quality = "city"      // GeoLite2-City
	qualityCountries quality = "countries" // the table of geo/embedded
)

var qualities = []quality{qualityAll, qualityCentres, qualityASN, qualityCity, qualityCountries}

func (q quality) check() error {
	for _, known := range qualities {
		if q == known {
			return nil
		}
	}
	return fmt.Errorf("unknown quality %q: all, centres, asn, city or countries", string(q))
}

// of returns what is left of p.
func (q quality) of(p place) place {
	switch q {
	case qualityCentres:
		if p.Org = ""; p.Kind != "hosting" && p.Kind != "relay" {
			p.Kind = ""
		}
	case qualityASN:
		p.Kind, p.Org = "", ""
	case qualityCity:
		p.Kind, p.ASN, p.Org = "", 0, ""
	case qualityCountries:
		p = place{CC: p.CC}
	}
	return p
}
