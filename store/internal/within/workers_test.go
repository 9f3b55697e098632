package within_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/store/internal/within"
)

func TestWorkerIsTakenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var w within.Workers
		for i := range 100 {
			if got, err := within.DoBy(ctx, &w, func() (int, error) { return i, nil }); got != i || err != nil {
				t.Fatalf("got %d, %v, want %d", got, err, i)
			}
			synctest.Wait() // it waits for the next call
			if n := w.Waiting(); n != 1 {
				t.Fatalf("%d workers after one call at a time, want 1", n)
			}
		}
		time.Sleep(3 * time.Second) // without a call
		if n := w.Waiting(); n != 0 {
			t.Errorf("%d workers wait for ever", n)
		}
	})
}

// TestWorkersAreBounded leaves many calls to themselves: who makes them does not
// wait, and once they end few workers stay.
func TestWorkersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w within.Workers
		cause, release := errors.New("over"), make(chan struct{})
		var callers sync.WaitGroup
		for range 300 {
			callers.Go(func() {
				ctx, cancel := context.WithTimeoutCause(context.Background(), time.Second, cause)
				defer cancel()
				begin := time.Now()
				_, err := within.DoBy(ctx, &w, func() (struct{}, error) { <-release; return struct{}{}, nil })
				if err != cause || time.Since(begin) != time.Second {
					t.Errorf("got %v after %v, want %v after 1s", err, time.Since(begin), cause)
				}
			})
		}
		callers.Wait()
		close(release)
		synctest.Wait()
		if n := w.Waiting(); n != 64 {
			t.Errorf("%d workers wait for a call, want 64", n)
		}
		time.Sleep(3 * time.Second)
	})
}
