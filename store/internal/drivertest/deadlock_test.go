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

// noDeadlock has several want the same rows in opposite orders, of which no
// caller must hear.
func noDeadlock(t *testing.T, store *sqlstore.Store) {
	t.Helper()
	writesTogether(t, store)
	endsTogether(t, store)
}

// endsTogether has the sessions of a user ended in every way at once.
func endsTogether(t *testing.T, store *sqlstore.Store) {
	t.Helper()
	for round := range 30 {
		gens, err := store.Generation(t.Context(), "bob")
		if err != nil {
			t.Fatal(err)
		}
		var ids []session.ID
		for n := range 20 {
			s := sample(byte(n))
			s.ID[0], s.UserID, s.Generations, s.Attrs = byte(round+1), "bob", gens, nil
			s.ID[1] = byte(rand.Uint32()) // not in the order in which they lie
			if err := store.Create(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, s.ID)
		}
		ends := []func() error{
			func() error {
				_, err := store.Revoke(t.Context(), session.Revocation{UserID: "bob", Only: ids})
				return err
			},
			func() error {
				_, err := store.Revoke(t.Context(), session.Revocation{UserID: "bob", Only: shuffled(ids)})
				return err
			},
			func() error {
				_, err := store.Revoke(t.Context(), session.Revocation{UserID: "bob", All: true})
				return err
			},
			func() error { _, err := store.Purge(t.Context(), session.Purge{UserID: "bob"}); return err },
		}
		errs := make(chan error)
		for _, end := range ends {
			go func() { errs <- end() }()
		}
		for range ends {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
}

func shuffled[T any](all []T) []T {
	all = slices.Clone(all)
	rand.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	return all
}

// writesTogether has batches, revocations of all and purges want the same rows.
func writesTogether(t *testing.T, store *sqlstore.Store) {
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
				later := shuffled(touches)
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
