package drivertest_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/sqlstore"
)

// noDeadlock has batches, revocations of all and purges want the same rows in
// opposite orders, of which no caller must hear.
func noDeadlock(t *testing.T, store *sqlstore.Store) {
	t.Helper()
	var touches []session.Touch
	for n := range 60 {
		s := sample(byte(n))
		s.UserID = fmt.Sprint("user ", n%2)
		if err := store.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		touches = append(touches, session.Touch{ID: s.ID, Visit: s.Last})
	}
	errs := make(chan error)
	for worker := range 6 {
		go func() {
			var err error
			for i := range 40 {
				later := slices.Clone(touches)
				rand.Shuffle(len(later), func(a, b int) { later[a], later[b] = later[b], later[a] })
				for n := range later {
					later[n].Visit.At = later[n].Visit.At.Add(time.Duration(i*6+worker) * time.Second)
				}
				err = errors.Join(err, store.Touch(t.Context(), later))
				_, end := store.Revoke(t.Context(), session.Revocation{UserID: fmt.Sprint("user ", i%2), All: i > 30})
				_, purge := store.Purge(t.Context(), session.Purge{Now: touches[0].Visit.At, Limit: 100})
				err = errors.Join(err, end, purge)
			}
			errs <- err
		}()
	}
	for range 6 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
