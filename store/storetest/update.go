package storetest

import "github.com/signedin/signedin/session"

var updateRules = []rule{
	{"update writes", "Update writes the session and stores it with the next Version.", updateWrites},
	{"update leaves", "Update leaves UserID, Carrier, First, Last and Generations, and does not look at Ended.", updateLeaves},
	{"update keeps a touch", "Update leaves a visit that was written since the session was read.", updateKeepsTouch},
	{"update conflict", "Update returns ErrConflict, and stores nothing, if the Version is another, older or newer.", updateConflict},
	{"update ended", "Update returns ErrEnded, and stores nothing, if the session is not live.", updateEnded},
	{"update unknown", "Update returns ErrUnknown, and stores nothing, if there is no such session.", updateUnknown},
}

// changed returns s with every field changed, and what is to be stored by an
// Update with it.
func changed(s *session.Session) (next, stored *session.Session) {
	next = filled(77)
	next.ID, next.Version = s.ID, s.Version
	next.Persistent, next.Provisional = !s.Persistent, !s.Provisional
	stored = next.Clone()
	stored.UserID, stored.Carrier, stored.First, stored.Last = s.UserID, s.Carrier, s.First, s.Last
	stored.Generations, stored.Ended = s.Generations, s.Ended
	stored.Version++
	return next, stored
}

func updateWrites(k *kit) {
	s, other := k.created("ada", 1), k.created("ada", 2)
	same := k.unchanged("ada", other)
	for range 3 {
		next := s.Clone()
		next.Name += "+"
		next.Attrs = map[string]string{"a": next.Name}
		k.must("Update", k.update(next))
		s = next.Clone()
		s.Version++
		k.wantStored(s)
	}
	same()
}

func updateLeaves(k *kit) {
	s := k.created("ada", 1)
	next, stored := changed(s)
	k.must("Update", k.update(next))
	k.wantStored(stored)
	k.wantList(session.Query{UserID: "ada"}, s)
	k.wantList(session.Query{UserID: next.UserID})

	none := &session.Session{ID: s.ID, Version: stored.Version}
	k.must("Update", k.update(none.Clone()))
	none.UserID, none.Carrier, none.First, none.Last = s.UserID, s.Carrier, s.First, s.Last
	none.Generations, none.Version = s.Generations, stored.Version+1
	k.wantStored(none)
}

func updateKeepsTouch(k *kit) {
	s := k.created("ada", 1)
	v := filled(5).Last
	v.At = at(9)
	k.touch(session.Touch{ID: s.ID, Visit: v})
	k.must("Update", k.update(s.Clone()))
	s.Last, s.Version = v, s.Version+1
	k.wantStored(s)
}

func updateConflict(k *kit) {
	s := k.created("ada", 1)
	k.must("Update", k.update(s.Clone()))
	same := k.unchanged("ada", s)
	for _, v := range []int64{s.Version, s.Version - 1, s.Version + 2, 0, -1} {
		next, _ := changed(s)
		next.Version = v
		k.wantErr("Update", k.update(next), session.ErrConflict)
	}
	same()
}

func updateEnded(k *kit) {
	one, all, everyone := k.ended("ada", 1), k.created("ada", 2), k.created("bob", 3)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(4)})
	k.revoke(session.Revocation{Everyone: true, Ending: ending(5)})
	same := k.unchanged("ada", one, all, everyone)
	for _, s := range []*session.Session{one, all, everyone} {
		next, _ := changed(s)
		k.wantErr("Update", k.update(next), session.ErrEnded)
		next.Generations, next.Ended = k.gens(s.UserID), nil
		k.wantErr("Update with current generations", k.update(next), session.ErrEnded)
		k.wantLive(s, false)
	}
	same()
}

func updateUnknown(k *kit) {
	s := k.session("ada", 1)
	k.wantErr("Update", k.update(s), session.ErrUnknown)
	k.wantUnknown(s.ID)
	k.wantList(session.Query{UserID: "ada"})
}
