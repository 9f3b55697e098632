package storetest

import (
	"slices"

	"github.com/signedin/signedin/session"
)

var readRules = []rule{
	{"get unknown", "Get returns ErrUnknown if there is no such session.", getUnknown},
	{"get live and ended", "Get returns a session live or ended.", getEnded},
	{"get generations", "Get returns the current generations of the session's user, not those of the session.", getGenerations},
	{"generation of a user", "Generation returns the current counters: 0 for a user never seen, and reading stores nothing.", generationOfUser},
	{"list by state", "List returns a user's live sessions, or the ended ones, and nobody else's.", listStates},
	{"list order", "Live sessions come by First.At, ended ones by Ended.At, latest first and then by greater ID.", listOrder},
	{"list pages", "Limit bounds a page, 0 does not, and After continues behind the last one of the page before, even if that one has gone since.", listPages},
}

func getUnknown(k *kit) {
	k.created("ada", 1)
	k.wantUnknown(newID())
	k.wantUnknown(session.ID{})
}

func getEnded(k *kit) {
	k.wantStored(k.created("ada", 1))
	k.wantStored(k.ended("ada", 2))
}

func getGenerations(k *kit) {
	old := k.created("ada", 1)
	other := k.created("bob", 1)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(2)})
	fresh := k.created("ada", 3)
	k.revoke(session.Revocation{Everyone: true, Ending: ending(4)})
	for _, s := range []*session.Session{old, fresh, other} {
		if _, g := k.get(s.ID); g != k.gens(s.UserID) {
			k.Errorf("Get: got generations %v, want %v", g, k.gens(s.UserID))
		}
		k.wantLive(s, false)
	}
	if g := k.gens("ada"); g.User != 1 || g.Global != k.gens("bob").Global {
		k.Errorf("generations: got %v, want user 1 and the same global for all", g)
	}
}

func generationOfUser(k *kit) {
	first := k.gens("ada")
	if first.User != 0 {
		k.Errorf("generation of a user never seen: got %d, want 0", first.User)
	}
	if again := k.gens("ada"); again != first {
		k.Errorf("generations: got %v, then %v", first, again)
	}
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(1)})
	if got := k.gens("ada").User; got != 1 {
		k.Errorf("generation after a revocation of all: got %d, want 1", got)
	}
	if got := k.gens("bob").User; got != 0 {
		k.Errorf("generation of another user: got %d, want 0", got)
	}
}

func listStates(k *kit) {
	ended, alive := k.ended("ada", 1), k.created("ada", 2)
	k.created("bob", 3)
	k.ended("bob", 4)
	k.wantList(session.Query{UserID: "ada", State: session.StateLive}, alive)
	k.wantList(session.Query{UserID: "ada", State: session.StateEnded}, ended)
	k.wantList(session.Query{UserID: "nobody", State: session.StateLive})
	k.wantList(session.Query{UserID: "nobody", State: session.StateEnded})
	k.revoke(session.Revocation{Everyone: true, Ending: ending(9)})
	k.wantList(session.Query{UserID: "ada", State: session.StateLive})
	k.wantList(session.Query{UserID: "ada", State: session.StateEnded}, alive, ended)
}

// history stores sessions that come in several orders: by creation, by ending,
// by activity, some at the same time.
func history(k *kit) (alive, ended []*session.Session) {
	for i := range 6 {
		alive = append(alive, k.created("ada", 10-i/2))
		s := k.created("ada", i)
		e := ending(50 - i/2)
		k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{s.ID}, Ending: e})
		ended = append(ended, over(s, e))
	}
	k.touch(session.Touch{ID: alive[5].ID, Visit: session.Visit{At: at(60)}})
	slices.SortFunc(alive, latestFirst)
	slices.SortFunc(ended, latestFirst)
	return alive, ended
}

func listOrder(k *kit) {
	alive, ended := history(k)
	k.wantList(session.Query{UserID: "ada"}, alive...)
	k.wantList(session.Query{UserID: "ada", State: session.StateEnded}, ended...)
}

func listPages(k *kit) {
	alive, ended := history(k)
	for state, all := range map[session.State][]*session.Session{session.StateLive: alive, session.StateEnded: ended} {
		for limit := range len(all) + 2 {
			var after *session.Session
			for i := range len(all) + 1 {
				rest := all[i:]
				if limit > 0 {
					rest = rest[:min(limit, len(rest))]
				}
				k.wantList(session.Query{UserID: "ada", State: state, Limit: limit, After: after}, rest...)
				if i < len(all) {
					after = all[i]
				}
			}
		}
	}
	k.revoke(session.Revocation{UserID: "ada", Only: idsOf(alive[1:3]), Ending: ending(90)})
	k.wantList(session.Query{UserID: "ada", Limit: 2, After: alive[1]}, alive[3:5]...)
}
