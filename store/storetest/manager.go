package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

var managerRules = []rule{
	{"manager revokes", "When a revocation has returned, another Manager on the same Store lets nobody in.", managerRevokes},
	{"manager race", "No request that starts after a revocation returned is let in, whatever else Managers do with the session meanwhile.", managerRace},
	{"manager is overtaken", "A revocation that comes between the steps of something under way beats it.", managerOvertaken},
	{"manager sign-ins at once", "However many sign in at once, no user has more sessions than the bound, and each is known.", managerBound},
	{"manager rotates at once", "Parallel requests that rotate a secret get the same new one, and nobody is signed out.", managerRotates},
	{"manager keeps the provider", "What an identity provider called a sign-in, its iss, sub and sid, is kept with the session and handed out with it.", managerIssued},
	{"race revoke", "No session is accepted by a check that started after its revocation returned.", raceBriefly},
}

func managerIssued(k *kit) {
	m := k.manager(k.store, session.Config{})
	ticket, err := m.BeginSignIn(k.Context(), "ada")
	k.must("BeginSignIn", err)
	s, token, err := m.Start(k.Context(), ticket, session.Origin{}, session.StartOptions{Issuer: "https://id.example", Subject: "subject 1", SID: "sid 1"})
	k.must("Start", err)
	k.fresh()
	check := func(how string, got *session.Session) {
		if got.Issuer != "https://id.example" || got.Subject != "subject 1" || got.SID != "sid 1" {
			k.Errorf("%s: got iss %q, sub %q, sid %q", how, got.Issuer, got.Subject, got.SID)
		}
	}
	check("Start", s)
	got, err := k.manager(k.store, session.Config{}).Resume(k.Context(), token.Credential(), session.Origin{})
	k.must("Resume", err)
	check("Resume", got)
	got, err = m.Rename(k.Context(), "ada", s.ID, "named")
	k.must("Rename", err)
	check("Rename", got)
	all, err := m.List(k.Context(), "ada")
	k.must("List", err)
	for _, got := range all {
		check("List", got)
	}
}

func (k *kit) manager(store session.Store, cfg session.Config) *session.Manager {
	k.Helper()
	m, err := session.New(store, cfg)
	k.must("session.New", err)
	return m
}

func (k *kit) signIn(m *session.Manager, user string) (*session.Session, session.Token) {
	k.Helper()
	ticket, err := m.BeginSignIn(k.Context(), user)
	k.must("BeginSignIn", err)
	s, token, err := m.Start(k.Context(), ticket, session.Origin{}, session.StartOptions{})
	k.must("Start", err)
	k.fresh()
	return s, token
}

func managerRevokes(k *kit) {
	here, there := k.manager(k.store, session.Config{}), k.manager(k.store, session.Config{})
	ways := map[string]func(s *session.Session) error{
		"Revoke": func(s *session.Session) error {
			return here.Revoke(k.Context(), s.UserID, s.ID, session.ReasonSignedOut)
		},
		"RevokeAll": func(s *session.Session) error {
			_, err := here.RevokeAll(k.Context(), s.UserID, session.ReasonAdmin)
			return err
		},
		"RevokeEveryone": func(*session.Session) error {
			return here.RevokeEveryone(k.Context(), session.ReasonEveryone)
		},
		"Erase": func(s *session.Session) error { return here.Erase(k.Context(), s.UserID) },
	}
	for name, revoke := range ways {
		s, token := k.signIn(here, name)
		if _, err := there.Resume(k.Context(), token.Credential(), session.Origin{}); err != nil {
			k.Errorf("Resume before %s: %v", name, err)
		}
		k.must(name, revoke(s))
		k.fresh()
		_, err := there.Resume(k.Context(), token.Credential(), session.Origin{})
		k.wantErr("Resume after "+name, err, session.ErrRefused)
	}
}

func managerRace(k *kit) {
	managers := []*session.Manager{k.manager(k.store, session.Config{}), k.manager(k.store, session.Config{})}
	k.clash(func(user string) {
		_, token := k.signIn(managers[0], user)
		ctx, id := k.Context(), token.ID()
		var revoked, accepted atomic.Bool
		resume := func() {
			for i := 0; i < 20 && !accepted.Load(); i++ {
				after := revoked.Load()
				_, err := managers[i%2].Resume(ctx, token.Credential(), session.Origin{})
				accepted.Store(err == nil && after)
			}
		}
		together(resume, resume, func() {
			_, _ = managers[0].Rename(ctx, user, id, "renamed") // refused or not: the revocation decides
			_, _ = managers[1].Bind(ctx, user, id, "key", "ES256")
			_, _ = managers[1].Reauthenticated(ctx, user, id, session.Proof{})
		}, func() {
			_ = managers[0].Flush(ctx)
			_ = managers[1].Flush(ctx)
		}, func() {
			k.must("Revoke", managers[0].Revoke(ctx, user, id, session.ReasonSignedOut))
			k.fresh()
			revoked.Store(true)
		})
		if accepted.Load() {
			k.Error("Resume: a request that started after the revocation was let in")
		}
		k.wantList(session.Query{UserID: user})
	})
}

// managerOvertaken revokes all of a user's sessions before and after each call
// of the store that something makes.
func managerOvertaken(k *kit) {
	plain := k.manager(k.store, session.Config{})
	ways := map[string]func(m *session.Manager, user string, token session.Token) error{
		"Rename": func(m *session.Manager, user string, token session.Token) error {
			_, err := m.Rename(k.Context(), user, token.ID(), "renamed")
			return err
		},
		"Bind": func(m *session.Manager, user string, token session.Token) error {
			s, err := m.Bind(k.Context(), user, token.ID(), "key", "ES256")
			if err == nil {
				c := token.Credential()
				c.Proof = session.KeyProof{Since: s.Bound.Since, At: s.Bound.Since}
				_, err = m.Resume(k.Context(), c, session.Origin{})
			}
			return err
		},
		"Rotate": func(m *session.Manager, user string, token session.Token) error {
			_, _, err := m.Rotate(k.Context(), user, token.ID())
			return err
		},
		"RevokeAllExcept": func(m *session.Manager, user string, token session.Token) error {
			_, err := m.RevokeAllExcept(k.Context(), user, token.ID(), session.ReasonPasswordChanged)
			return err
		},
		"Resume and Flush": func(m *session.Manager, _ string, token session.Token) error {
			_, err := m.Resume(k.Context(), token.Credential(), session.Origin{})
			return errors.Join(err, m.Flush(k.Context()))
		},
		"Start": func(m *session.Manager, user string, _ session.Token) error {
			ticket, err := plain.BeginSignIn(k.Context(), user)
			if err == nil {
				_, _, err = m.Start(k.Context(), ticket, session.Origin{}, session.StartOptions{})
			}
			return err
		},
	}
	for name, do := range ways {
		for n := 1; n <= 6; n++ {
			k.overtake(fmt.Sprintf("%s %d", name, n), n, do)
		}
	}
}

// overtake has all of a user's sessions revoked around the n-th call that do
// makes: half of the numbers before it, half after.
func (k *kit) overtake(user string, n int, do func(*session.Manager, string, session.Token) error) {
	k.Helper()
	other := k.manager(k.store, session.Config{})
	_, token := k.signIn(other, user)
	var calls atomic.Int64
	revoked := false
	hook := func(string) error {
		if calls.Add(1) == int64(n) {
			revoked = true
			_, err := other.RevokeAll(k.Context(), user, session.ReasonAdmin)
			k.must("RevokeAll", err)
			k.fresh()
		}
		return nil
	}
	hooked := &Hooked{Store: k.store, Before: hook, After: hook}
	var ahead atomic.Int64 // so that a visit is due
	err := do(k.manager(hooked, session.Config{Now: func() time.Time {
		return time.Now().Add(time.Duration(ahead.Add(1)) * time.Hour / 4)
	}}), user, token)
	if !revoked {
		return
	}
	if err != nil && !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrRefused) && !errors.Is(err, session.ErrOutdated) {
		k.Errorf("%s: %v", user, err)
	}
	k.fresh()
	_, err = other.Resume(k.Context(), token.Credential(), session.Origin{})
	k.wantErr(user+": Resume after the revocation", err, session.ErrRefused)
	if all := k.list(session.Query{UserID: user}); len(all) > 0 {
		k.Errorf("%s: %d sessions are live after the revocation", user, len(all))
	}
}

func managerBound(k *kit) {
	const bound = 5
	m := k.manager(k.store, session.Config{MaxPerUser: bound})
	var ops []func()
	for range 64 {
		ops = append(ops, func() { k.signIn(m, "ada") })
	}
	together(ops...)
	// One fewer, if one of the longest idle was still signing in: it ends
	// another in its place, while the others end it.
	n := len(k.list(session.Query{UserID: "ada"}))
	if n != bound && n != bound-1 {
		k.Errorf("live sessions after 64 sign-ins at once: got %d, want %d or one fewer", n, bound)
	}
	if ended := len(k.list(session.Query{UserID: "ada", State: session.StateEnded})); ended != 64-n {
		k.Errorf("evicted sessions: got %d, want %d", ended, 64-n)
	}
}

func managerRotates(k *kit) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	managers := []*session.Manager{k.manager(k.store, session.Config{Now: now}), k.manager(k.store, session.Config{Now: now})}
	_, token := k.signIn(managers[0], "ada")
	for range 5 {
		ahead.Add(int64(25 * time.Hour))
		tokens := make([]session.Token, 8)
		var ops []func()
		for i := range tokens {
			ops = append(ops, func() {
				var err error
				tokens[i], err = managers[i%2].RotatePeriodic(k.Context(), token)
				if err != nil {
					k.Errorf("RotatePeriodic: %v", err)
				}
			})
		}
		together(ops...)
		for _, t := range tokens {
			if t.Reveal() != tokens[0].Reveal() || t.IsZero() {
				k.Fatal("RotatePeriodic: parallel requests got different tokens")
			}
		}
		token = tokens[0]
		k.fresh()
		if _, err := managers[1].Resume(context.WithoutCancel(k.Context()), token.Credential(), session.Origin{}); err != nil {
			k.Fatalf("Resume with the new token: %v", err)
		}
		k.fresh()
	}
}
