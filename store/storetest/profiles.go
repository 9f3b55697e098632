package storetest

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

// profileRules hold for a store that has session.Profiles.
var profileRules = []rule{
	{"profile round trip", "SaveProfile stores a blob of any bytes, at most MaxProfile of them, with the next version; there is none at first, with version 0.", ofProfiles(profileRoundTrip)},
	{"profile conflict", "SaveProfile stores nothing and returns ErrConflict if the version is not the stored one.", ofProfiles(profileConflict)},
	{"profile race", "Of several SaveProfiles with one version, exactly one succeeds.", ofProfiles(profileRace)},
	{"profile erased", "Purging a user takes the profile with it, and no other user's.", ofProfiles(profileErased)},
	{"profile of the site", "A blank is nobody's user ID, and may have a profile of its own, in which the Manager keeps what is known of the site; purging a user leaves it.", ofProfiles(profileOfSite)},
	{"watch mode of the site", "Since when a site is in watch mode is one for all instances, however many begin at once; erasing users leaves it, and what ends it on one instance ends it for all.", ofProfiles(watchModeOfSite)},
	{"profile is not a counter", "A profile changes no generation, and revoking changes no profile.", ofProfiles(profileApart)},
}

func ofProfiles(check func(k *kit, p session.Profiles)) func(k *kit) {
	return func(k *kit) {
		if p, ok := k.store.(session.Profiles); ok {
			check(k, p)
		}
	}
}

func (k *kit) wantProfile(p session.Profiles, user string, blob []byte, version int64) {
	k.Helper()
	got, v, err := p.Profile(k.Context(), user)
	if err != nil || v != version || !bytes.Equal(got, blob) {
		k.Errorf("profile of %s: got %d bytes with version %d (%v), want %d bytes with version %d", user, len(got), v, err, len(blob), version)
	}
}

func profileRoundTrip(k *kit, p session.Profiles) {
	k.wantProfile(p, "ada", nil, 0)
	every := make([]byte, session.MaxProfile)
	for i := range every {
		every[i] = byte(i)
	}
	for i, blob := range [][]byte{{0}, every, []byte("'\"\\\x00\xff"), every[:1000]} {
		k.must("SaveProfile", p.SaveProfile(k.Context(), "ada", bytes.Clone(blob), int64(i)))
		k.wantProfile(p, "ada", blob, int64(i)+1)
	}
	k.wantProfile(p, "bob", nil, 0)
	k.wantErr("SaveProfile", p.SaveProfile(cancelled(k.Context()), "ada", every, 4), cancelled(k.Context()).Err())
}

func profileConflict(k *kit, p session.Profiles) {
	k.wantErr("SaveProfile over nothing", p.SaveProfile(k.Context(), "ada", []byte("x"), 1), session.ErrConflict)
	k.wantProfile(p, "ada", nil, 0)
	k.must("SaveProfile", p.SaveProfile(k.Context(), "ada", []byte("one"), 0))
	for _, version := range []int64{0, 2, -1} {
		k.wantErr("SaveProfile", p.SaveProfile(k.Context(), "ada", []byte("x"), version), session.ErrConflict)
	}
	k.wantProfile(p, "ada", []byte("one"), 1)
}

func profileRace(k *kit, p session.Profiles) {
	for version := range int64(20) {
		var saved atomic.Int32
		save := func() {
			if p.SaveProfile(k.Context(), "ada", []byte("x"), version) == nil {
				saved.Add(1)
			}
		}
		together(save, save, save, save)
		if n := saved.Load(); n != 1 {
			k.Fatalf("version %d was replaced %d times", version, n)
		}
	}
}

func profileErased(k *kit, p session.Profiles) {
	k.created("ada", 1)
	for _, user := range []string{"ada", "bob"} {
		k.must("SaveProfile", p.SaveProfile(k.Context(), user, []byte(user), 0))
	}
	k.purge(session.Purge{UserID: "ada", Now: at(5)})
	k.wantProfile(p, "ada", nil, 0)
	k.wantProfile(p, "bob", []byte("bob"), 1)
	k.must("SaveProfile", p.SaveProfile(k.Context(), "ada", []byte("anew"), 0))
	k.wantProfile(p, "ada", []byte("anew"), 1)
}

func profileOfSite(k *kit, p session.Profiles) {
	k.must("SaveProfile", p.SaveProfile(k.Context(), " ", []byte("site"), 0))
	k.must("SaveProfile", p.SaveProfile(k.Context(), "ada", []byte("ada"), 0))
	k.wantErr("SaveProfile", p.SaveProfile(k.Context(), " ", []byte("again"), 0), session.ErrConflict)
	k.purge(session.Purge{UserID: "ada", Now: at(5)})
	k.wantProfile(p, " ", []byte("site"), 1)
	k.must("SaveProfile", p.SaveProfile(k.Context(), " ", []byte("later"), 1))
	k.wantProfile(p, " ", []byte("later"), 2)
}

func watchModeOfSite(k *kit, _ session.Profiles) {
	instance := func(now time.Time) *session.Manager {
		return k.manager(k.store, session.Config{
			ProfileKeys: session.NewKeys([]byte("storetest: a key of 32 bytes or so")), Now: func() time.Time { return now },
			Assessor: session.AssessorFunc(func(context.Context, session.Case) (session.Verdict, error) { return session.Verdict{}, nil }),
		})
	}
	var instances []*session.Manager
	var begin []func()
	for i := range 4 {
		m := instance(at(i)) // their clocks differ
		instances = append(instances, m)
		begin = append(begin, func() {
			ticket, err := m.BeginSignIn(k.Context(), fmt.Sprint("user ", i))
			if err == nil {
				_, _, err = m.Start(k.Context(), ticket, session.Origin{}, session.StartOptions{})
			}
			if err != nil {
				k.Errorf("sign-in %d: %v", i, err)
			}
		})
	}
	together(begin...)
	k.fresh()
	began, err := instances[0].WatchMode(k.Context())
	k.must("WatchMode", err)
	if began.Since.Before(at(0)) || began.Since.After(at(3)) || !began.On(at(4)) {
		k.Errorf("WatchMode: got %+v", began)
	}
	k.must("Erase", instances[0].Erase(k.Context(), "user 0"))
	for i, m := range append(instances, instance(at(4))) {
		if w, err := m.WatchMode(k.Context()); err != nil || w != began {
			k.Errorf("instance %d: got %+v, %v, want %+v", i, w, err, began)
		}
	}
	k.must("EndWatchMode", instances[1].EndWatchMode(k.Context()))
	for i, m := range append(instances, instance(at(4))) {
		if w, err := m.WatchMode(k.Context()); err != nil || w.On(at(4)) || !w.Since.Equal(began.Since) {
			k.Errorf("after its end, instance %d: got %+v, %v", i, w, err)
		}
	}
}

func profileApart(k *kit, p session.Profiles) {
	before := k.gens("ada")
	k.must("SaveProfile", p.SaveProfile(k.Context(), "ada", []byte("x"), 0))
	if got := k.gens("ada"); got != before {
		k.Errorf("generations: got %v, want %v", got, before)
	}
	s := k.created("ada", 1)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(2)})
	k.purgeAll(session.Purge{Now: at(10_000), EndedBefore: at(10_000), Limit: 10})
	k.wantUnknown(s.ID)
	k.wantProfile(p, "ada", []byte("x"), 1)
}
