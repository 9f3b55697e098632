package main

import (
	"net/netip"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// record is one line of a trace.
type record struct {
	ID     int    `json:"id"`
	Op     string `json:"op"`
	User   int    `json:"user"`
	T      int64  `json:"t"`
	SID    int    `json:"sid"`
	IP     string `json:"ip"`
	Net    string `json:"net"`
	Wide   string `json:"wide"`
	Geo    place  `json:"geo"`
	UA     string `json:"ua"`
	Cookie string `json:"cookie"`
	Fails  int    `json:"fails"`
}

// place is what a database says of an address.
type place struct {
	CC     string  `json:"cc"`
	City   string  `json:"city"`
	Lat    float64 `json:"lat"`
	Lon    float64 `json:"lon"`
	Radius uint16  `json:"radius_km"`
	ASN    uint32  `json:"asn"`
	Org    string  `json:"org"`
	Kind   string  `json:"kind"`
}

// answer is one line of what a rule says of a record.
type answer struct {
	ID      int      `json:"id"`
	Level   string   `json:"level"`
	Reasons []string `json:"reasons"`
	Score   int      `json:"score"`

	Points map[string]int `json:"points,omitempty"` // the lines that the score is the sum of
}

// label is the truth of one record.
type label struct {
	ID    int    `json:"id"`
	Class string `json:"class"`
	Hist  int    `json:"hist"`
}

// isAsked reports whether the record wants an answer.
func (r *record) isAsked() bool { return r.Op == "score" || r.isMove() }

// isMove reports whether it is of a live session.
func (r *record) isMove() bool { return r.Op == "scoretouch" }

func (r *record) at() time.Time { return time.Unix(r.T, 0).UTC() }

// visit is what the Manager would have made of the record.
func (r *record) visit() session.Visit {
	ip, _ := netip.ParseAddr(r.IP)
	return session.Visit{
		At: r.at(), IP: ip, Network: geo.Network(ip),
		Device:   device.Parse(device.Hints{UserAgent: r.UA}),
		Location: r.Geo.location(),
	}
}

func (p place) location() geo.Location {
	return geo.Location{
		Scope: geo.ScopeGlobal, CountryCode: p.CC, City: p.City,
		Latitude: p.Lat, Longitude: p.Lon, HasCoordinates: p.City != "", Radius: p.Radius,
		ASN: p.ASN, Organization: p.Org, Network: geo.Kind(p.Kind),
	}
}
