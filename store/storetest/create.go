package storetest

import "github.com/signedin/signedin/session"

var createRules = []rule{
	{"create inserts", "Create inserts a session, which every later call sees.", createInserts},
	{"create never replaces", "Create returns ErrExists if there is a session with that ID, live or ended, of whatever user.", createNeverReplaces},
	{"create under old generations", "Create returns ErrOutdated, and stores nothing, if the Generations are not the current ones, older or newer.", createOutdated},
	{"create again", "Repeating a Create is safe: the second one is ErrExists.", createAgain},
}

func createInserts(k *kit) {
	a, b, c := k.created("ada", 1), k.created("ada", 2), k.created("bob", 3)
	for _, s := range []*session.Session{a, b, c} {
		k.wantStored(s)
		k.wantLive(s, true)
	}
	k.wantList(session.Query{UserID: "ada"}, b, a)
	k.wantList(session.Query{UserID: "bob"}, c)
}

func createNeverReplaces(k *kit) {
	alive, ended := k.created("ada", 1), k.ended("ada", 2)
	for _, old := range []*session.Session{alive, ended} {
		for _, user := range []string{"ada", "bob"} {
			same := k.unchanged("ada", alive, ended)
			s := k.session(user, 5)
			s.ID = old.ID
			k.wantErr("Create", k.store.Create(k.Context(), s), session.ErrExists)
			same()
		}
	}
	k.wantList(session.Query{UserID: "ada"}, alive)
	k.wantList(session.Query{UserID: "bob"})
	k.wantLive(ended, false)
}

func createOutdated(k *kit) {
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(1)})
	k.revoke(session.Revocation{Everyone: true, Ending: ending(1)})
	for _, user := range []string{"ada", "never seen"} {
		now := k.gens(user)
		for _, g := range []session.Generations{
			{User: now.User - 1, Global: now.Global},
			{User: now.User + 1, Global: now.Global},
			{User: now.User, Global: now.Global - 1},
			{User: now.User, Global: now.Global + 1},
		} {
			s := k.session(user, 1)
			s.Generations = g
			k.wantErr("Create", k.store.Create(k.Context(), s), session.ErrOutdated)
			k.wantUnknown(s.ID)
			k.wantList(session.Query{UserID: user})
		}
		if got := k.gens(user); got != now {
			k.Errorf("generations of %s: got %v, want %v", user, got, now)
		}
		k.wantLive(k.created(user, 2), true)
	}
}

func createAgain(k *kit) {
	s := k.created("ada", 1)
	k.wantErr("Create", k.store.Create(k.Context(), s.Clone()), session.ErrExists)
	k.wantStored(s)
	k.wantList(session.Query{UserID: "ada"}, s)
}
