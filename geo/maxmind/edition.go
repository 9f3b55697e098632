package maxmind

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/signedin/signedin/geo"
)

// An edition is one state of a database file, never changed and never closed:
// a look-up may still be reading it when the next one is in place. The garbage
// collector ends it, mapping included.
type edition struct {
	reader *maxminddb.Reader
	name   string
	built  time.Time
	facts  facts
	file   fs.FileInfo // as it was when it was read
}

// facts are what a database tells of addresses.
type facts struct{ city, country, system, kind bool }

// tell reports whether f has the main one of g, without which a file cannot
// take the place of another. The others are too rare in some databases to be
// expected among the networks that are inspected.
func (f facts) tell(g facts) bool {
	switch {
	case g.city:
		return f.city
	case g.country:
		return f.country
	case g.system:
		return f.system
	}
	return f.kind
}

func newEdition(b []byte, verify bool) (*edition, error) {
	r, err := maxminddb.OpenBytes(b)
	if err != nil {
		return nil, err
	}
	return inspect(r, verify)
}

// Bounds of an inspection. One of these networks takes a microsecond, unless
// the file was made to cost time.
const (
	maxInspected   = 5000 // networks
	maxInspectTime = 10 * time.Second
)

// latest is the last second that time.Time can put into JSON.
const latest = 253402300799

// inspect reads the first networks of a file: each must decode, and one must
// tell something.
func inspect(r *maxminddb.Reader, verify bool) (*edition, error) {
	if uint64(r.Metadata.BuildEpoch) > latest {
		return nil, fmt.Errorf("built in second %d: beyond all dates", r.Metadata.BuildEpoch)
	}
	if verify {
		if err := r.Verify(); err != nil {
			return nil, err
		}
	}
	e := &edition{reader: r, name: r.Metadata.DatabaseType, built: r.Metadata.BuildTime().UTC()}
	start, n, record := time.Now(), 0, new(record)
	// With the empty and the aliased networks each step counts: a search tree can
	// be made of so many of either that looking for others takes for ever.
	for network := range r.Networks(maxminddb.IncludeNetworksWithoutData(), maxminddb.IncludeAliasedNetworks()) {
		if err := record.decode(network, english); err != nil {
			return nil, err
		}
		e.facts.note(record)
		if n++; n == maxInspected {
			break
		}
		if time.Since(start) > maxInspectTime {
			return nil, errors.New("takes too long to read")
		}
	}
	if e.facts == (facts{}) {
		return nil, fmt.Errorf("%q tells nothing of its first %d networks", e.name, n)
	}
	return e, nil
}

func (f *facts) note(r *record) {
	l := r.location()
	f.country = f.country || l.CountryCode != "" || l.Country != ""
	f.city = f.city || l.City != ""
	f.system = f.system || l.ASN != 0
	f.kind = f.kind || r.kind != "" || r.anonymous
}

// read returns what the database says of ip, by way of r.
func (e *edition) read(ip netip.Addr, r *record, language string) (geo.Location, error) {
	if e.reader.Metadata.IPVersion == 4 && ip.Is6() {
		return geo.Location{}, nil // which maxminddb calls an error
	}
	if err := r.decode(e.reader.Lookup(ip), language); err != nil {
		return geo.Location{}, err
	}
	return r.location(), nil
}
