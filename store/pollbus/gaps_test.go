package pollbus_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/pollbus"
)

// Servers that share a log may leave numbers out all the time.
func TestStrides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(memLog)
		h := start(t, log)
		h.want(t, 1)
		written := func() (commit func()) {
			n, commit := log.write(ended(log.next + 1))
			log.next = n + 2
			return commit
		}
		written()()
		time.Sleep(time.Second)
		first := log.next + 1
		late := written()
		for range 500 { // between two readings, as all of this test
			written()()
			written()()
			time.Sleep(time.Second)
		}
		h.take()
		late()
		time.Sleep(2 * time.Second)
		if got, _ := h.take(); !slices.Equal(got, []session.ID{id(first)}) {
			t.Errorf("got %v, want number %d", got, first)
		}
		if h.silentFor() > time.Second {
			t.Error("no sign of life")
		}
	})
}

// When there are more gaps than can be looked after, there is no sign of life
// until they do not matter any more.
func TestTooManyGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(memLog)
		h := start(t, log)
		write(log, 1)
		time.Sleep(time.Second)
		for range 5000 {
			log.write(session.Message{})
		}
		write(log, 1)
		time.Sleep(pollbus.Keep)
		if got := h.silentFor(); got < pollbus.Keep-2*time.Second {
			t.Errorf("silent for %v", got)
		}
		time.Sleep(5 * time.Second)
		if got := h.silentFor(); got > time.Second {
			t.Errorf("silent for %v after that", got)
		}
		if log.asked > 5000 {
			t.Errorf("asked for %d missing numbers", log.asked)
		}
	})
}

// A database that was restored, or a replica that took over, may give numbers
// again.
func TestLogWentBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(memLog)
		h := start(t, log)
		for range 5 {
			time.Sleep(time.Second)
			write(log, 1)
		}
		time.Sleep(2 * time.Second)
		h.take()
		log.mu.Lock()
		log.committed, log.next = log.committed[:3], 3
		log.mu.Unlock()
		time.Sleep(3 * time.Second)
		if _, missed := h.take(); missed != 1 || h.silentFor() > time.Second {
			t.Errorf("got Missed %d times, silent for %v", missed, h.silentFor())
		}
		write(log, 1)
		time.Sleep(time.Second)
		if got, missed := h.take(); len(got) != 1 || missed != 0 {
			t.Errorf("got %v, Missed %d times, want one notice", got, missed)
		}
	})
}

// write writes and commits n entries.
func write(log *memLog, n int) {
	for range n {
		_, commit := log.write(ended(log.next + 1))
		commit()
	}
}
