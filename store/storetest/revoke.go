package storetest

import "github.com/signedin/signedin/session"

var revokeRules = []rule{
	{"revoke only", "Revoke with Only ends the sessions it names and returns those that were live until now, each once.", revokeOnly},
	{"revoke passes over", "Only passes over sessions that are not live, not known, or not UserID's.", revokePassesOver},
	{"revoke drops addresses", "From an ended session's visits Revoke drops IP and keeps Network, and it changes nothing else.", revokeDropsAddresses},
	{"revoked is final", "Nothing makes a session live again, and the first Ending stays.", revokedIsFinal},
	{"revoke all", "All ends every live session of UserID, bumps the user's counter by one, and returns it and how many it ended.", revokeAll},
	{"revoke all of nobody", "All bumps the counter of a user without sessions too, so that a sign-in under way is outdated.", revokeAllOfNobody},
	{"revoke all but one", "Keep stays live, moved to the new generation and written as by Update.", revokeKeep},
	{"revoke all or none", "If Keep cannot stay, Revoke does nothing and returns what Update would have returned, ErrUnknown for a session that is not UserID's.", revokeNone},
	{"revoke everyone", "Everyone ends every live session of all users, bumps the global counter and no user's, and returns it.", revokeEveryone},
	{"revoke many", "Revoke takes as many sessions as a user has.", revokeMany},
}

func revokeOnly(k *kit) {
	a, b, c := k.created("ada", 1), k.created("ada", 2), k.created("ada", 3)
	same := k.unchanged("ada", c)
	e := ending(5)
	done := k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{b.ID, a.ID, b.ID}, Ending: e})
	k.wantIDs("Revoke", done.IDs, a, b)
	k.wantStored(over(a, e))
	k.wantStored(over(b, e))
	same()
	if done := k.revoke(session.Revocation{UserID: "ada", Only: nil, Ending: e}); len(done.IDs) > 0 {
		k.Errorf("Revoke of none: got %v", done)
	}
	same()
}

func revokePassesOver(k *kit) {
	ended, alive, foreign := k.ended("ada", 1), k.created("ada", 2), k.created("bob", 3)
	same := k.unchanged("bob", foreign, ended)
	only := []session.ID{ended.ID, foreign.ID, newID(), alive.ID}
	k.wantIDs("Revoke", k.revoke(session.Revocation{UserID: "ada", Only: only, Ending: ending(5)}).IDs, alive)
	k.wantIDs("Revoke by a stranger", k.revoke(session.Revocation{UserID: "eve", Only: only, Ending: ending(6)}).IDs)
	k.wantIDs("Revoke by nobody", k.revoke(session.Revocation{Only: only, Ending: ending(6)}).IDs)
	same()
	if g := k.gens("eve"); g.User != 0 {
		k.Errorf("generation of a user who revoked nothing: got %d, want 0", g.User)
	}
}

func revokeDropsAddresses(k *kit) {
	s := k.created("ada", 1)
	s.Last = visit(2)
	k.touch(session.Touch{ID: s.ID, Visit: s.Last})
	e := ending(3)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: e})
	k.wantStored(over(s, e))
	if got, _ := k.get(s.ID); got.First.IP.IsValid() || got.Last.IP.IsValid() || !got.First.Network.IsValid() || !got.Last.Network.IsValid() {
		k.Errorf("visits of an ended session: got %v and %v, want networks and no addresses", got.First, got.Last)
	}
}

func revokedIsFinal(k *kit) {
	s := k.ended("ada", 1)
	same := k.unchanged("ada", s)
	again := k.session("ada", 2)
	again.ID = s.ID
	k.wantErr("Create", k.store.Create(k.Context(), again), session.ErrExists)
	next := s.Clone()
	next.Ended = nil
	k.wantErr("Update", k.update(next), session.ErrEnded)
	k.touch(session.Touch{ID: s.ID, Visit: visit(9)})
	_, err := k.store.Revoke(k.Context(), session.Revocation{UserID: "ada", All: true, Keep: next, Ending: ending(9)})
	k.wantErr("Revoke all but it", err, session.ErrEnded)
	k.wantIDs("Revoke", k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{s.ID}, Ending: ending(9)}).IDs)
	k.purge(session.Purge{Now: at(1000), EndedBefore: at(0), Limit: 10})
	same()
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(9)})
	k.revoke(session.Revocation{Everyone: true, Ending: ending(9)})
	k.wantStored(s)
	k.wantLive(s, false)
}

func revokeAll(k *kit) {
	ended, a, b, other := k.ended("ada", 1), k.created("ada", 2), k.created("ada", 3), k.created("bob", 4)
	same := k.unchanged("bob", other, ended)
	gens := k.gens("ada")
	e := ending(5)
	done := k.revoke(session.Revocation{UserID: "ada", All: true, Ending: e})
	gens.User++
	if want := (session.Generations{User: gens.User}); done.Count != 2 || done.IDs != nil || done.Generations != want {
		k.Errorf("Revoke: got %+v, want a count of 2, no IDs and the counter %+v", done, want)
	}
	if got := k.gens("ada"); got != gens {
		k.Errorf("generations: got %v, want %v", got, gens)
	}
	k.wantStored(over(a, e))
	k.wantStored(over(b, e))
	same()
	k.wantList(session.Query{UserID: "ada"})
	k.wantCount("Revoke again", k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(6)}).Count, 0)
	k.wantLive(k.created("ada", 7), true)
}

func revokeAllOfNobody(k *kit) {
	s := k.session("ada", 1)
	k.wantCount("Revoke", k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(1)}).Count, 0)
	k.wantErr("Create", k.store.Create(k.Context(), s), session.ErrOutdated)
	if got := k.gens("ada").User; got != 1 {
		k.Errorf("generation: got %d, want 1", got)
	}
}

func revokeKeep(k *kit) {
	ended, keep, a, b, other := k.ended("ada", 1), k.created("ada", 2), k.created("ada", 3), k.created("ada", 4), k.created("bob", 5)
	same := k.unchanged("bob", other, ended)
	next, stored := changed(keep)
	v := visit(6)
	k.touch(session.Touch{ID: keep.ID, Visit: v})
	e := ending(7)
	k.wantCount("Revoke", k.revoke(session.Revocation{UserID: "ada", All: true, Keep: next, Ending: e}).Count, 2)
	stored.Last = v
	stored.Generations.User++
	k.wantStored(stored)
	k.wantStored(over(a, e))
	k.wantStored(over(b, e))
	k.wantLive(keep, true)
	k.wantList(session.Query{UserID: "ada"}, keep)
	same()

	k.wantCount("Revoke all but the only one", k.revoke(session.Revocation{UserID: "ada", All: true, Keep: stored.Clone(), Ending: ending(8)}).Count, 0)
	stored.Generations.User++
	stored.Version++
	k.wantStored(stored)
	k.must("Update of the kept one", k.update(stored.Clone()))
}

func revokeNone(k *kit) {
	ended, a, b, foreign := k.ended("ada", 1), k.created("ada", 2), k.created("ada", 3), k.created("bob", 4)
	k.must("Update", k.update(b.Clone()))
	unknown := k.session("ada", 5)
	same, sameBob := k.unchanged("ada", ended, a, b), k.unchanged("bob", foreign)
	for _, c := range []struct {
		keep *session.Session
		want error
	}{{b, session.ErrConflict}, {ended, session.ErrEnded}, {foreign, session.ErrUnknown}, {unknown, session.ErrUnknown}} {
		_, err := k.store.Revoke(k.Context(), session.Revocation{UserID: "ada", All: true, Keep: c.keep.Clone(), Ending: ending(6)})
		k.wantErr("Revoke", err, c.want)
		same()
		sameBob()
	}
	k.wantUnknown(unknown.ID)
	_, err := k.store.Revoke(k.Context(), session.Revocation{UserID: "eve", All: true, Keep: a.Clone(), Ending: ending(6)})
	k.wantErr("Revoke by a stranger", err, session.ErrUnknown)
	same()
	if g := k.gens("eve"); g.User != 0 {
		k.Errorf("generation of the stranger: got %d, want 0", g.User)
	}
}

func revokeEveryone(k *kit) {
	k.revoke(session.Revocation{UserID: "cy", All: true, Ending: ending(1)})
	ended, a, b, c := k.ended("ada", 1), k.created("ada", 2), k.created("bob", 3), k.created("cy", 4)
	late := k.session("dee", 4)
	gens, cy := k.gens("ada"), k.gens("cy")
	e := ending(5)
	done := k.revoke(session.Revocation{Everyone: true, Ending: e})
	gens.Global++
	if want := (session.Generations{Global: gens.Global}); len(done.IDs) > 0 || done.Count > 0 || done.Generations != want {
		k.Errorf("Revoke everyone: got %+v, want the counter %+v", done, want)
	}
	cy.Global++
	if got := k.gens("ada"); got != gens {
		k.Errorf("generations: got %v, want %v", got, gens)
	}
	if got := k.gens("cy"); got != cy {
		k.Errorf("generations: got %v, want %v", got, cy)
	}
	for _, s := range []*session.Session{a, b, c} {
		k.wantStored(over(s, e))
		k.wantList(session.Query{UserID: s.UserID})
	}
	k.wantStored(ended)
	k.wantErr("Create", k.store.Create(k.Context(), late), session.ErrOutdated)
	fresh := k.created("ada", 6)
	k.wantLive(fresh, true)
	k.wantList(session.Query{UserID: "ada"}, fresh)
}

func revokeMany(k *kit) {
	var all []*session.Session
	for i := range 1203 {
		all = append(all, k.created("ada", i%500))
	}
	e := ending(600)
	k.wantIDs("Revoke", k.revoke(session.Revocation{UserID: "ada", Only: idsOf(all[:1101]), Ending: e}).IDs, all[:1101]...)
	k.wantCount("Revoke all", k.revoke(session.Revocation{UserID: "ada", All: true, Ending: e}).Count, len(all[1101:]))
	k.wantList(session.Query{UserID: "ada"})
}
