package session_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

// hanging is a store some of whose methods give no answer while ctx lasts, as
// one whose server has fallen silent.
type hanging struct {
	session.Store
	mu    sync.Mutex
	hangs map[string]bool
}

func (h *hanging) hang(methods ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hangs = make(map[string]bool)
	for _, m := range methods {
		h.hangs[m] = true
	}
}

func (h *hanging) wait(ctx context.Context, method string) error {
	h.mu.Lock()
	hangs := h.hangs[method]
	h.mu.Unlock()
	if !hangs {
		return nil
	}
	<-ctx.Done() // for ever, if ctx has no end
	return context.Cause(ctx)
}

func (h *hanging) List(ctx context.Context, q session.Query) ([]*session.Session, error) {
	if err := h.wait(ctx, "List"); err != nil {
		return nil, err
	}
	return h.Store.List(ctx, q)
}

func (h *hanging) CountLive(ctx context.Context, userID string) (int, error) {
	if err := h.wait(ctx, "CountLive"); err != nil {
		return 0, err
	}
	return h.Store.CountLive(ctx, userID)
}

func (h *hanging) Generation(ctx context.Context, userID string) (session.Generations, error) {
	if err := h.wait(ctx, "Generation"); err != nil {
		return session.Generations{}, err
	}
	return h.Store.Generation(ctx, userID)
}

func (h *hanging) Create(ctx context.Context, s *session.Session) error {
	if err := h.wait(ctx, "Create"); err != nil {
		return err
	}
	return h.Store.Create(ctx, s)
}

func (h *hanging) Update(ctx context.Context, s *session.Session) error {
	if err := h.wait(ctx, "Update"); err != nil {
		return err
	}
	return h.Store.Update(ctx, s)
}

func (h *hanging) Touch(ctx context.Context, all []session.Touch) error {
	if err := h.wait(ctx, "Touch"); err != nil {
		return err
	}
	return h.Store.Touch(ctx, all)
}

func (h *hanging) Revoke(ctx context.Context, r session.Revocation) (session.Revoked, error) {
	if err := h.wait(ctx, "Revoke"); err != nil {
		return session.Revoked{}, err
	}
	return h.Store.Revoke(ctx, r)
}

func (h *hanging) Mark(ctx context.Context, userID string, limit int) (bool, error) {
	if err := h.wait(ctx, "Mark"); err != nil {
		return false, err
	}
	return h.Store.Mark(ctx, userID, limit)
}

func (h *hanging) Purge(ctx context.Context, p session.Purge) (session.Purged, error) {
	if err := h.wait(ctx, "Purge"); err != nil {
		return session.Purged{}, err
	}
	return h.Store.Purge(ctx, p)
}

// Whatever the store, no single step of a call of the Manager takes longer than
// a write may: five seconds.
func TestEveryCallHasAnEnd(t *testing.T) {
	ctx := context.Background()
	for method, call := range map[string]func(m *session.Manager, id session.ID) error{
		"Generation": func(m *session.Manager, _ session.ID) error { _, err := m.BeginSignIn(ctx, "ada"); return err },
		"Create": func(m *session.Manager, _ session.ID) error {
			ticket, err := m.BeginSignIn(ctx, "ada")
			if err == nil {
				_, _, err = m.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
			}
			return err
		},
		"Update":    func(m *session.Manager, id session.ID) error { _, err := m.Rename(ctx, "ada", id, "x"); return err },
		"CountLive": func(m *session.Manager, _ session.ID) error { _, err := m.ListPage(ctx, "ada", nil, 1); return err },
		"Mark":      func(m *session.Manager, _ session.ID) error { _, err := m.Purge(ctx); return err },
		"Purge":     func(m *session.Manager, _ session.ID) error { _, err := m.Purge(ctx); return err },
		"Revoke":    func(m *session.Manager, _ session.ID) error { return m.RevokeEveryone(ctx, session.ReasonEveryone) },
		"List": func(m *session.Manager, _ session.ID) error {
			_, err1 := m.List(ctx, "ada")
			_, err2 := m.History(ctx, "ada", 0)
			_, err3 := m.Export(ctx, "ada")
			for _, err := range []error{err1, err2, err3} {
				if err == nil {
					return nil
				}
			}
			return errors.Join(err1, err2, err3)
		},
	} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &hanging{Store: memstore.New()}
				m, err := session.New(store, session.Config{})
				if err != nil {
					t.Fatal(err)
				}
				var id session.ID
				for range 2 {
					ticket, err := m.BeginSignIn(ctx, "ada")
					s, _, err2 := m.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
					if err := errors.Join(err, err2); err != nil {
						t.Fatal(err)
					}
					id = s.ID
				}
				store.hang(method)
				began := time.Now()
				if err := call(m, id); err == nil {
					t.Errorf("%s hangs: got no error", method)
				}
				if took := time.Since(began); took > 15*time.Second { // List: three calls
					t.Errorf("%s hangs: the call took %v", method, took)
				}
			})
		})
	}
}

// silentBesides is a store that gives no answer to what it need not have.
type silentBesides struct{ session.Store }

func (silentBesides) Profile(ctx context.Context, _ string) ([]byte, int64, error) {
	<-ctx.Done()
	return nil, 0, context.Cause(ctx)
}

func (s silentBesides) SaveProfile(ctx context.Context, _ string, _ []byte, _ int64) error {
	_, _, err := s.Profile(ctx, "")
	return err
}

func (s silentBesides) Counters(ctx context.Context, _ []session.IssuerKey) ([]int64, error) {
	_, _, err := s.Profile(ctx, "")
	return nil, err
}

func (s silentBesides) Link(ctx context.Context, _ session.ID, _ []session.IssuerKey, _ time.Time) error {
	_, _, err := s.Profile(ctx, "")
	return err
}

func (s silentBesides) Linked(ctx context.Context, _ session.IssuerKey, _ session.ID, _ int) ([]session.Owned, error) {
	_, _, err := s.Profile(ctx, "")
	return nil, err
}

func (s silentBesides) Count(ctx context.Context, _ []session.IssuerKey, _ time.Time) error {
	_, _, err := s.Profile(ctx, "")
	return err
}

// What an identity provider asks for has an end, too, and a sign-in does not wait
// long for what it can do without.
func TestEveryOtherCallHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := session.New(silentBesides{memstore.New()}, session.Config{ProfileKeys: session.NewKeys(profileKey)})
		if err != nil {
			t.Fatal(err)
		}
		issued := session.Issued{Issuer: "https://id.example", Subject: "s"}
		for what, c := range map[string]struct {
			most time.Duration
			err  bool
			call func(ctx context.Context) error
		}{
			"BeginIssued": {5 * time.Second, true, func(ctx context.Context) error { _, err := m.BeginIssued(ctx, "ada", issued); return err }},
			"RevokeIssued": {5 * time.Second, true, func(ctx context.Context) error {
				_, err := m.RevokeIssued(ctx, session.IssuerSignOut{Issued: issued})
				return err
			}},
			"Start": {2*time.Second + 5*time.Second, false, func(ctx context.Context) error { // and learns nothing
				ticket, err := m.BeginSignIn(ctx, "ada")
				if err == nil {
					_, _, err = m.Start(ctx, ticket, session.Origin{}, session.StartOptions{DeviceID: session.DeviceID{1}})
				}
				return err
			}},
		} {
			began := time.Now()
			if err := c.call(context.Background()); (err != nil) != c.err {
				t.Errorf("%s: got %v, error wanted: %v", what, err, c.err)
			}
			if took := time.Since(began); took > c.most {
				t.Errorf("%s took %v, want at most %v", what, took, c.most)
			}
		}
	})
}

// A purge, a revocation's marks or a look at what is open that hangs does not
// stop activity from being written: who is active stays signed in.
func TestDutiesDoNotWaitForEachOther(t *testing.T) {
	for _, hung := range []string{"Purge", "Mark", "List"} {
		t.Run(hung, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &hanging{Store: memstore.New()}
				m, err := session.New(store, session.Config{Preset: session.PresetHighValue}) // 5 minutes idle
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(context.Background())
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					m.Run(ctx)
				}()
				ticket, err := m.BeginSignIn(ctx, "ada")
				if err != nil {
					t.Fatal(err)
				}
				_, token, err := m.Start(ctx, ticket, session.Origin{}, session.StartOptions{})
				if err != nil {
					t.Fatal(err)
				}
				store.hang(hung)
				for n := range 60 { // ten minutes
					time.Sleep(10 * time.Second)
					if _, err := m.Resume(ctx, token.Credential(), session.Origin{}); err != nil {
						t.Fatalf("Resume after %d s: %v", 10*(n+1), err)
					}
				}
				time.Sleep(10 * time.Second)
				other, err := session.New(store, session.Config{Preset: session.PresetHighValue})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := other.Resume(ctx, token.Credential(), session.Origin{}); err != nil {
					t.Errorf("Resume in another process: %v", err)
				}
				stop()
				<-ended
			})
		})
	}
}

// However many sessions a user has, signing them all out asks the store once,
// and one sign-in ends at most a hundred that are too many.
func TestBigUser(t *testing.T) {
	store := memstore.New()
	free, err := session.New(store, session.Config{MaxPerUser: -1})
	if err != nil {
		t.Fatal(err)
	}
	signIn := func(m *session.Manager) {
		t.Helper()
		ticket, err := m.BeginSignIn(t.Context(), "ada")
		if err == nil {
			_, _, err = m.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 350 {
		signIn(free)
	}
	plans := map[string]int{"ada": 40}
	bound, err := session.New(store, session.Config{MaxFor: func(_ context.Context, userID string) int { return plans[userID] }})
	if err != nil {
		t.Fatal(err)
	}
	signIn(bound)
	total := func() int {
		t.Helper()
		p, err := bound.ListPage(t.Context(), "ada", nil, 10)
		if err != nil || len(p.Sessions) != 10 || p.Next == nil {
			t.Fatalf("ListPage: got %d sessions, next %v, %v", len(p.Sessions), p.Next, err)
		}
		return p.Total
	}
	if got := total(); got != 251 {
		t.Errorf("after one sign-in under a plan of 40 with 350 too many: got %d sessions, want 251", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		bound.Run(ctx)
	}()
	for begun := false; !begun || total() > 40; begun = true {
		signIn(bound) // Run is told, and ends the rest
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended

	seen := make(map[session.ID]bool)
	var next *session.Cursor
	for {
		p, err := bound.ListPage(t.Context(), "ada", next, 15)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Sessions {
			seen[s.ID] = true
		}
		if next = p.Next; next == nil {
			break
		}
	}
	n, err := bound.RevokeAll(t.Context(), "ada", session.ReasonAdmin)
	if err != nil || n != len(seen) {
		t.Errorf("RevokeAll: got %d, %v, want the %d of all pages", n, err, len(seen))
	}
	history, err := bound.History(t.Context(), "ada", 0)
	if err != nil || len(history) < 351 {
		t.Errorf("History: got %d, %v, want all", len(history), err)
	}
}
