package drivertest_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// BenchmarkTouches writes the visits of 500 sessions at once, and reports how many
// times more of them that is in the same time than by an UPDATE each, which is a
// transaction and writes nothing but the time, on the same table in the same run.
func BenchmarkTouches(b *testing.B) {
	for _, c := range []struct {
		name string
		open func(b *testing.B) (*sqlx.DB, sqlstore.Config)
	}{
		{"postgres", func(b *testing.B) (*sqlx.DB, sqlstore.Config) {
			db := openPostgres(b, "pgx")
			return db, sqlstore.Config{Prefix: newPrefix(b, db)}
		}},
		{"mysql", func(b *testing.B) (*sqlx.DB, sqlstore.Config) {
			db := openMySQL(b, "")
			return db, sqlstore.Config{Prefix: newPrefix(b, db)}
		}},
		{"sqlite", func(b *testing.B) (*sqlx.DB, sqlstore.Config) {
			return open(b, "sqlite", sqlstore.SQLiteDSN(filepath.Join(b.TempDir(), "db"))), sqlstore.Config{Prefix: "t_"}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			db, cfg := c.open(b)
			benchTouches(b, db, cfg)
		})
	}
}

func benchTouches(b *testing.B, db *sqlx.DB, cfg sqlstore.Config) {
	st := migrated(b, db, cfg)
	visit := session.Visit{
		At: someTime, IP: netip.MustParseAddr("2001:db8::7"), Network: netip.MustParsePrefix("2001:db8::/64"),
		Device:   device.Parse(device.Hints{UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"}),
		Location: geo.Location{Scope: geo.ScopeGlobal, CountryCode: "NL", Country: "Netherlands", City: "Amsterdam", TimeZone: "Europe/Amsterdam", ASN: 3265, Organization: "An Example Provider B.V."},
	}
	touches := make([]session.Touch, 500)
	for i := range touches {
		s := sample(1)
		s.ID, s.UserID, s.First, s.Last = session.ID{7: byte(i), 8: byte(i >> 8)}, fmt.Sprint("user ", i), visit, visit
		s.Attrs = nil
		if err := st.Create(b.Context(), s); err != nil {
			b.Fatal(err)
		}
		touches[i] = session.Touch{ID: s.ID, Visit: visit}
	}
	one, err := db.Preparex(sqlx.Rebind(sqlx.BindType(db.DriverName()), `UPDATE `+cfg.Prefix+`sessions SET last_at = ? WHERE id = ?`))
	if err != nil {
		b.Fatal(err)
	}
	defer one.Close()
	at := visit.At
	single := func() time.Duration { // of one
		at = at.Add(time.Second)
		began := time.Now()
		for _, t := range touches[:100] {
			if _, err := one.Exec(at.UnixMilli(), t.ID[:]); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(began) / 100
	}
	for name, narrow := range map[string]bool{"all of it": false, "time only": true} {
		b.Run(name, func(b *testing.B) {
			singles, batches := time.Hour, time.Hour // the best of each: others use the machine, too
			for range b.N {
				singles = min(singles, single())
				for _, t := range touches[100:] { // as the others
					if _, err := one.Exec(at.UnixMilli(), t.ID[:]); err != nil {
						b.Fatal(err)
					}
				}
				before := at
				at = at.Add(time.Second)
				for i := range touches {
					if touches[i].Visit.At = at; narrow {
						touches[i].Since = before
					}
				}
				began := time.Now()
				if err := st.Touch(b.Context(), touches); err != nil {
					b.Fatal(err)
				}
				batches = min(batches, time.Since(began))
				if s, _, err := st.Get(b.Context(), touches[499].ID); err != nil || !s.Last.At.Equal(at) {
					b.Fatalf("got %v, %v, want %v", s.Last.At, err, at)
				}
			}
			b.ReportMetric(float64(singles)/(float64(batches)/500), "x-singles")
			b.ReportMetric(500/batches.Seconds(), "rows/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
