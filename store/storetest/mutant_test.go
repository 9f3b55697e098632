package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

// mutantVar names the mutant on which a copy of this test program runs the
// kit. That is how a test can see a test fail.
const mutantVar = "STORETEST_MUTANT"

// TestMutants proves that the kit can fail: each mutant is caught by the rule
// that is there for it, and those that revive a session by Race as well.
func TestMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			caughtBy(t, m.name, "TestMutant$/^"+strings.ReplaceAll(m.rule, " ", "_"))
			if m.race {
				caughtBy(t, m.name, "TestMutantRace")
			}
		})
	}
}

// caughtBy runs one test of this program on a mutant, and fails unless that
// fails within a minute.
func caughtBy(t *testing.T, name, test string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), mutantVar+"="+name)
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || ctx.Err() != nil || !bytes.Contains(out, []byte("--- FAIL: ")) {
		t.Errorf("%s does not catch it: %v\n%s", test, err, out)
	}
}

// newMutantOf returns the mutant of this run, and skips the test in any other.
func newMutantOf(t *testing.T) func(*testing.T) session.Store {
	name := os.Getenv(mutantVar)
	for _, m := range mutants {
		if m.name == name {
			return func(*testing.T) session.Store { return newMutant(memstore.New(), m.wrong) }
		}
	}
	t.Skip("only run by TestMutants")
	return nil
}

// TestNoMutant proves that it is the fault that is caught.
func TestNoMutant(t *testing.T) {
	sound := func(*testing.T) session.Store { return newMutant(memstore.New(), func(*mutant) {}) }
	storetest.Run(t, sound, 0)
	storetest.Race(t, sound, 0, 1000)
}

func TestMutant(t *testing.T) { storetest.Run(t, newMutantOf(t), 0) }

func TestMutantRace(t *testing.T) { storetest.Race(t, newMutantOf(t), 0, 50_000) }

// mutant is a good store with some methods replaced.
type mutant struct {
	session.Store

	create  func(context.Context, *session.Session) error
	get     func(context.Context, session.ID) (*session.Session, session.Generations, error)
	list    func(context.Context, session.Query) ([]*session.Session, error)
	update  func(context.Context, *session.Session) error
	touch   func(context.Context, []session.Touch) error
	revoke  func(context.Context, session.Revocation) (session.Revoked, error)
	purge   func(context.Context, session.Purge) (session.Purged, error)
	view    func(*session.Session) // how each session looks when it is read, if not as it is
	changed func()                 // called after each write

	mu    sync.Mutex
	edits map[session.ID]func(*session.Session)
}

func newMutant(good session.Store, wrong func(m *mutant)) *mutant {
	m := &mutant{
		Store: good, create: good.Create, get: good.Get, list: good.List, update: good.Update, touch: good.Touch,
		revoke: good.Revoke, purge: good.Purge, changed: func() {},
		edits: make(map[session.ID]func(*session.Session)),
	}
	wrong(m)
	return m
}

// edit changes how a session looks from now on.
func (m *mutant) edit(id session.ID, how func(*session.Session)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.edits[id] = how
}

// revive makes a session look live.
func (m *mutant) revive(s *session.Session) {
	s = s.Clone()
	m.edit(s.ID, func(to *session.Session) {
		*to = *s.Clone()
		to.Ended = nil
		to.Generations, _ = m.Store.Generation(context.Background(), s.UserID)
	})
}

// noGenerations has Create take any generations, and Get tell those of the
// session.
func (m *mutant) noGenerations() {
	m.create = func(ctx context.Context, s *session.Session) error {
		s = s.Clone()
		for {
			s.Generations, _ = m.Store.Generation(ctx, s.UserID)
			if err := m.Store.Create(ctx, s); !errors.Is(err, session.ErrOutdated) {
				return err
			}
		}
	}
	m.get = func(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
		s, _, err := m.Store.Get(ctx, id)
		if err != nil {
			return nil, session.Generations{}, err
		}
		return s, s.Generations, nil
	}
}

// look returns a session as it looks.
func (m *mutant) look(s *session.Session) *session.Session {
	m.mu.Lock()
	edit := m.edits[s.ID]
	m.mu.Unlock()
	if edit == nil && m.view == nil {
		return s
	}
	s = s.Clone()
	if edit != nil {
		edit(s)
	}
	if m.view != nil {
		m.view(s)
	}
	return s
}

func (m *mutant) Create(ctx context.Context, s *session.Session) error {
	defer m.changed()
	return m.create(ctx, s)
}

func (m *mutant) Get(ctx context.Context, id session.ID) (*session.Session, session.Generations, error) {
	s, g, err := m.get(ctx, id)
	if err == nil {
		s = m.look(s)
	}
	return s, g, err
}

func (m *mutant) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	all, err := m.list(ctx, q)
	for i, s := range all {
		all[i] = m.look(s)
	}
	return all, err
}

func (m *mutant) Update(ctx context.Context, s *session.Session) error {
	defer m.changed()
	return m.update(ctx, s)
}

func (m *mutant) Touch(ctx context.Context, touches []session.Touch) error {
	defer m.changed()
	return m.touch(ctx, touches)
}

func (m *mutant) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	defer m.changed()
	return m.revoke(ctx, r)
}

func (m *mutant) Purge(ctx context.Context, p session.Purge) (session.Purged, error) {
	defer m.changed()
	return m.purge(ctx, p)
}
