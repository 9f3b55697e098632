package risk_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/risk"
)

// diary is all that a user has done and the Assessor believes, kept in full.
type diary struct {
	believed []session.Visit
	doubted  []doubt
}

type doubt struct {
	visit  session.Visit
	cookie byte
}

// note keeps a visit: at most eight in quarantine, each once.
func (d *diary) note(v session.Visit, cookie byte, level session.Level) {
	if level < session.LevelAlert {
		d.believed = append(d.believed, v)
		return
	}
	if slices.ContainsFunc(d.doubted, func(o doubt) bool {
		return o.visit.IP == v.IP && o.visit.Device == v.Device && o.visit.Location == v.Location && o.cookie == cookie
	}) {
		return
	}
	if len(d.doubted) == 8 {
		youngest := slices.MaxFunc(d.doubted, func(a, b doubt) int { return hour(a.visit) - hour(b.visit) })
		d.doubted = slices.DeleteFunc(d.doubted, func(o doubt) bool { return o == youngest })
	}
	d.doubted = append(d.doubted, doubt{v, cookie})
}

// hour is how finely a profile tells times.
func hour(v session.Visit) int { return int(v.At.Unix() / 3600) }

// believe moves what was long enough in quarantine.
func (d *diary) believe(now time.Time) {
	d.doubted = slices.DeleteFunc(d.doubted, func(o doubt) bool {
		old := int(now.Unix()/3600)-hour(o.visit) >= 7*24
		if old {
			d.believed = append(d.believed, o.visit)
		}
		return old
	})
}

func (d *diary) any(f func(session.Visit) bool) bool { return slices.ContainsFunc(d.believed, f) }

// isTrue checks what a signal says of v against the diary.
func (d *diary) isTrue(s session.Signal, v session.Visit, cookie byte) bool {
	f := v.Device.Family()
	family := d.any(func(o session.Visit) bool { return o.Device.Family() == f })
	hasOS := d.any(func(o session.Visit) bool { return f.OS != "" && o.Device.Family().OS == f.OS })
	hasBrowser := d.any(func(o session.Visit) bool { return f.Product != "" && o.Device.Family().Product == f.Product })
	provider := d.any(func(o session.Visit) bool { return o.Location.ASN == v.Location.ASN })
	switch s.Code {
	case "country.new":
		return s.Args["country"] == geo.CountryPhrase(v.Location.CountryCode) && s.Args["countryCode"] == v.Location.CountryCode &&
			!d.any(func(o session.Visit) bool { return o.Location.CountryCode == v.Location.CountryCode })
	case "network.new-provider":
		return v.Location.ASN != 0 && !provider
	case "network.provider-known-elsewhere":
		return provider && d.nearest(v) > 50
	case "network.hosting":
		return v.Location.Network == geo.KindHosting
	case "place.new":
		radius := float64(v.Location.Radius)
		named := strings.Contains(s.Args["place"], v.Location.City)
		return d.nearest(v) > radius && named == (v.Location.City != "" && radius <= 100)
	case "device.same-kind":
		return family
	case "device.partly-new":
		return !family
	case "device.new-browser":
		return !family && hasOS && !hasBrowser
	case "device.new-system":
		return !family && !hasOS && hasBrowser
	case "device.new":
		return !family && !hasOS && !hasBrowser
	case "device.suspect":
		return slices.ContainsFunc(d.doubted, func(o doubt) bool { return o.cookie == cookie })
	case "countries.simultaneous":
		hours, err := strconv.Atoi(s.Args["hours"])
		return err == nil && d.any(func(o session.Visit) bool {
			ago := v.At.Sub(o.At)
			return geo.CountryPhrase(o.Location.CountryCode) == s.Args["other"] && o.Location.CountryCode == s.Args["otherCode"] && ago >= 0 && ago < time.Duration(hours)*time.Hour
		})
	case "hour.unusual":
		near := 0
		for _, o := range d.believed {
			if apart := (hour(o) - hour(v) + 24*10_000) % 24; apart <= 1 || apart == 23 {
				near++
			}
		}
		return len(d.believed) >= 20 && near*24 < 3*len(d.believed)
	case "travel.impossible":
		km, err := strconv.Atoi(s.Args["km"])
		return err == nil && d.any(func(o session.Visit) bool {
			far, ok := geo.Distance(o.Location, v.Location)
			return ok && far >= float64(km) && v.At.Sub(o.At) < 48*time.Hour
		})
	}
	return false
}

func (d *diary) nearest(v session.Visit) float64 {
	nearest := math.Inf(1)
	for _, o := range d.believed {
		if km, ok := geo.Distance(o.Location, v.Location); ok {
			nearest = min(nearest, km)
		}
	}
	return nearest
}

// TestReasonsAreTrue checks each reason that is given in the lives of some
// random users.
func TestReasonsAreTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	given := map[string]int{}
	for range 100 {
		var d diary
		u := newUser(t, risk.Config{})
		for now, i := start, 0; i < 100; i++ {
			now = now.Add(time.Duration(r.IntN(1440)+1) * time.Minute)
			s := randomSignIn(r, now)
			visit := u.signInCase(s).Visit
			d.believe(now)
			_, v := u.signIn(t, s)
			if v.Level > session.LevelNone && len(v.Signals) == 0 {
				t.Fatalf("level %d without a reason", v.Level)
			}
			for _, signal := range v.Signals {
				given[signal.Code]++
				if !d.isTrue(signal, visit, s.key) {
					t.Errorf("not true: %q %v", signal.Text, signal.Args)
				}
			}
			d.note(visit, s.key, v.Level)
		}
	}
	if len(given) < 8 {
		t.Errorf("only %v were given", given)
	}
}
