package drivertest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// lease is how long a cache believes its copies by default, and so the longest
// that it may be behind.
const lease = 5 * time.Second

// eachShared runs a test with each database that processes can share. name is
// what it reports for.
func eachShared(t *testing.T, test func(t *testing.T, name string, in instance)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, "sqlite(sqlite)", instance{Driver: "sqlite", DSN: sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db"))})
	})
	t.Run("postgres", func(t *testing.T) {
		in := instance{Driver: "pgx", DSN: service(t, "SIGNEDIN_TEST_POSTGRES")}
		in.Prefix = newPrefix(t, open(t, in.Driver, in.DSN))
		test(t, "postgres(pgx)", in)
	})
	t.Run("mysql", func(t *testing.T) {
		in := instance{Driver: "mysql", DSN: service(t, "SIGNEDIN_TEST_MYSQL")}
		in.Prefix = newPrefix(t, open(t, in.Driver, in.DSN))
		test(t, "mysql", in)
	})
	t.Run("redis", func(t *testing.T) {
		in := instance{Driver: "redis", DSN: service(t, redisServer), Prefix: ownPrefix()}
		if !strings.Contains(in.DSN, "://") {
			in.DSN = "redis://" + in.DSN
		}
		client := openRedis(t)
		t.Cleanup(func() { deleteKeys(t, client, in.Prefix) })
		test(t, "redis(one)", in)
	})
}

// TestProcessesRace has three processes on one database. One of them revokes
// sessions; once it says that it has, the two others are asked at once.
func TestProcessesRace(t *testing.T) {
	need.Heavy(t)
	eachShared(t, func(t *testing.T, name string, in instance) {
		a := newAcross(t, in, raceRounds)
		a.run(t, 16)
		kit.Report(t, name, "across-processes", a.limit, "checks", 2*a.limit, "accepted", a.accepted.Load())
		if n := a.accepted.Load(); n > 0 {
			t.Errorf("%d of %d checks were accepted that began in another process after the revocation had returned", n, 2*a.limit)
		}
	})
}

// TestCachedProcessesRace has each process keep copies, and a bus. How late
// they hear of a revocation is measured; they may not be later than the lease.
func TestCachedProcessesRace(t *testing.T) {
	need.Heavy(t)
	eachShared(t, func(t *testing.T, name string, in instance) {
		in.Cached = true
		rounds, lanes := raceRounds/2, 8
		if in.Driver == "sqlite" || in.Driver == "mysql" { // which say nothing by themselves: they are asked once a second
			rounds, lanes = raceRounds/20, 100
		}
		a := newAcross(t, in, rounds)
		a.run(t, lanes)
		a.wantHits(t)
		stale, p50, p999, longest := a.wantInTime(t)
		kit.Report(t, name+"+cache", "across-processes", a.limit, "stale", stale, "p50-ms", p50, "p99.9-ms", p999, "longest-ms", longest)
	})
}

// TestPreviousProcessesRace has one of the three processes be of the version
// before, as while an upgrade is rolled out: what either of them ends is over in
// both, with copies within the lease. SIGNEDIN_PREVIOUS is the program, these
// tests as they were then, which .ci/previous builds.
func TestPreviousProcessesRace(t *testing.T) {
	need.Heavy(t)
	previous := os.Getenv("SIGNEDIN_PREVIOUS")
	if previous == "" {
		t.Skip("SKIPPED: SIGNEDIN_PREVIOUS names no program of the version before")
	}
	eachShared(t, func(t *testing.T, name string, in instance) {
		in.Previous = previous
		strict := newAcross(t, in, 400)
		strict.run(t, 16)
		if n := strict.accepted.Load(); n > 0 {
			t.Errorf("%d of %d checks were accepted that began in another process after the revocation had returned", n, 2*strict.limit)
		}
		in.Cached = true
		cached := newAcross(t, in, 100)
		cached.run(t, 50)
		cached.wantHits(t)
		stale, _, _, longest := cached.wantInTime(t)
		kit.Report(t, name, "beside-previous", strict.limit, "accepted", strict.accepted.Load(),
			"cached", cached.limit, "stale", stale, "longest-ms", longest)
	})
}

// TestCutProcesses has a process that keeps copies hear nothing any more.
func TestCutProcesses(t *testing.T) {
	need.Heavy(t)
	eachShared(t, func(t *testing.T, name string, in instance) {
		t.Parallel() // they wait, most of the time
		in.Cached = true
		a := newAcross(t, in, 0)
		here, there := a.workers[0], a.workers[1]
		var wg sync.WaitGroup
		tokens := make([]string, 20)
		for i := range tokens {
			tokens[i] = a.started(t, here, there)
		}
		a.must(t, there, question{Do: "cut"})
		for _, token := range tokens {
			wg.Go(func() {
				a.must(t, here, question{Do: "revoke", User: somebody, Token: token})
				revoked := time.Now()
				a.note(revoked, a.must(t, there, question{Do: "until", Token: token}))
			})
		}
		wg.Wait()
		if a.accepted.Load() == 0 {
			t.Error("nothing was accepted after the cut: were there copies?")
		}
		_, _, _, longest := a.wantInTime(t)
		kit.Report(t, name+"+cache", "cut-ms", longest)
	})
}

// TestProcessesNotice has the checks find a bus that loses every notice.
func TestProcessesNotice(t *testing.T) {
	in := instance{Driver: "sqlite", DSN: sqlstore.SQLiteDSN(filepath.Join(t.TempDir(), "db")), Cached: true, Deaf: true}
	a := newAcross(t, in, 20)
	a.cached = false // they are expected to be right at once
	a.run(t, 4)
	if a.accepted.Load() == 0 {
		t.Errorf("no check was accepted late: the checks do not find a bus that loses everything")
	}
}

// somebody is who signs in where it does not matter who.
const somebody = "ada"

// across is a run of rounds across processes, and what was counted.
type across struct {
	workers []*process
	cached  bool
	limit   int64 // rounds

	rounds, accepted atomic.Int64 // the latter: checks after a revocation

	mu   sync.Mutex
	errs []error
	late []time.Duration // by how much a process was, for each check
}

func newAcross(t *testing.T, in instance, rounds int) *across {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("SIGNEDIN_RACE_ROUNDS")); err == nil && rounds > 0 {
		rounds = n
	}
	a := &across{workers: workers(t, 3, in), cached: in.Cached, limit: int64(rounds)}
	for _, w := range a.workers {
		for hits := int64(0); in.Cached && hits == 0; hits = a.must(t, w, question{Do: "hits"}).Count {
			a.started(t, w, w) // until the bus has given its first signs
		}
		a.must(t, w, question{Do: "all", User: somebody})
	}
	return a
}

// must returns the reply to q.
func (a *across) must(t *testing.T, p *process, q question) reply {
	t.Helper()
	got, err := p.ask(q)
	if err != nil {
		t.Error(err)
	}
	return got
}

// started signs somebody in at one process and has the other one know it.
func (a *across) started(t *testing.T, here, there *process) (token string) {
	t.Helper()
	token = a.must(t, here, question{Do: "start", User: somebody}).Token
	for range 2 {
		if a.must(t, there, question{Do: "check", Token: token}).Count != 1 {
			t.Fatal("a session is not accepted before it is revoked")
		}
	}
	return token
}

// run has rounds in some lanes at the same time, each with a user of its own.
func (a *across) run(t *testing.T, lanes int) {
	t.Helper()
	var wg sync.WaitGroup
	for lane := range lanes {
		wg.Go(func() {
			for n := a.rounds.Add(1); n <= a.limit; n = a.rounds.Add(1) {
				if err := a.round(fmt.Sprintf("user %d", lane), n); err != nil {
					a.mu.Lock()
					a.errs = append(a.errs, err)
					a.mu.Unlock()
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(a.errs...); err != nil {
		t.Fatal(err)
	}
}

// round revokes a session in one process and looks for it in the two others.
func (a *across) round(user string, n int64) error {
	one, others := a.workers[n%3], []*process{a.workers[(n+1)%3], a.workers[(n+2)%3]}
	victim, err := others[0].ask(question{Do: "start", User: user})
	if err != nil {
		return err
	}
	before, err := askAll(others, question{Do: "check", Token: victim.Token})
	if err != nil || before[0].Count+before[1].Count != 2 {
		return fmt.Errorf("before the revocation: %d of 2 checks were accepted, %w", before[0].Count+before[1].Count, err)
	}
	end := question{Do: "revoke", User: user, Token: victim.Token}
	switch n % 8 {
	case 6:
		end.Do = "all"
	case 7:
		keep, err := one.ask(question{Do: "start", User: user})
		if err != nil {
			return err
		}
		end.Do, end.Token = "others", keep.Token
	}
	revoked, err := one.ask(end)
	if err != nil {
		return err
	}
	look := question{Do: "check", Token: victim.Token}
	if a.cached {
		look.Do = "until"
	}
	after, err := askAll(others, look)
	for _, reply := range after {
		a.note(revoked.Done, reply)
	}
	return err
}

// askAll asks several processes at the same time.
func askAll(all []*process, q question) ([]reply, error) {
	replies, errs := make([]reply, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	for i, p := range all {
		wg.Go(func() { replies[i], errs[i] = p.ask(q) })
	}
	wg.Wait()
	return replies, errors.Join(errs...)
}

// note counts what came of checks after a revocation.
func (a *across) note(revoked time.Time, checks reply) {
	a.accepted.Add(checks.Count)
	late := time.Duration(0)
	if checks.Count > 0 {
		late = max(0, checks.Last.Sub(revoked))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.late = append(a.late, late)
}

// wantHits fails the test if no copy was believed.
func (a *across) wantHits(t *testing.T) {
	t.Helper()
	for _, w := range a.workers {
		if a.must(t, w, question{Do: "hits"}).Count == 0 {
			t.Error("no copy was believed: the cache was not tested")
		}
	}
}

// wantInTime fails the test if a check was accepted after the lease. It
// returns how late the processes were: how often at all, and by how many
// milliseconds half of the time, all but one time in a thousand, and at most.
func (a *across) wantInTime(t *testing.T) (stale int, p50, p999, longest string) {
	t.Helper()
	slices.Sort(a.late)
	for _, late := range a.late {
		if late > 0 {
			stale++
		}
	}
	ms := func(q float64) string {
		return fmt.Sprintf("%.1f", float64(a.late[int(q*float64(len(a.late)-1))].Microseconds())/1000)
	}
	if longest := a.late[len(a.late)-1]; longest > lease {
		t.Errorf("a copy was believed %v after the revocation, longer than the lease", longest)
	}
	return stale, ms(0.5), ms(0.999), ms(1)
}
