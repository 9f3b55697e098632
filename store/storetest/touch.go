package storetest

import (
	"slices"
	"time"

	"github.com/signedin/signedin/session"
)

var touchRules = []rule{
	{"touch writes", "Touch writes the latest visit of each session, whole, and does not change Version or anything else.", touchWrites},
	{"touch goes forward", "Touch leaves a session whose stored Last.At is the same or later, and of several touches the latest stays.", touchForward},
	{"touch what is not live", "Touch leaves alone what is not live or not known, and goes on with the others.", touchNotLive},
	{"touch the time", "Touch with Since writes the whole visit all the same where the stored one is of another time.", touchSince},
	{"touch many", "Touch takes any number of visits, none as well.", touchMany},
}

func visit(minutes int) session.Visit {
	v := filled(minutes).Last
	v.At = at(minutes)
	return v
}

func touchWrites(k *kit) {
	a, b, other := k.created("ada", 1), k.created("bob", 2), k.created("ada", 3)
	same := k.unchanged("ada", other)
	a.Last, b.Last = visit(4), session.Visit{At: at(5)}
	k.touch(session.Touch{ID: a.ID, Visit: a.Last}, session.Touch{ID: b.ID, Visit: b.Last})
	k.wantStored(a)
	k.wantStored(b)
	k.wantList(session.Query{UserID: "ada"}, other, a)
	same()
	b.Name = "renamed"
	k.must("Update with the Version of before", k.update(b.Clone()))
}

func touchForward(k *kit) {
	s := k.created("ada", 10)
	same := k.unchanged("ada", s)
	k.touch(session.Touch{ID: s.ID, Visit: visit(9)})
	v := visit(10)
	k.touch(session.Touch{ID: s.ID, Visit: v})
	v.At = v.At.Add(-time.Millisecond)
	k.touch(session.Touch{ID: s.ID, Visit: v})
	same()
	v.At = at(10).Add(time.Millisecond)
	k.touch(session.Touch{ID: s.ID, Visit: v})
	s.Last = v
	k.wantStored(s)

	s.Last = visit(14)
	k.touch(session.Touch{ID: s.ID, Visit: visit(12)}, session.Touch{ID: s.ID, Visit: visit(14)}, session.Touch{ID: s.ID, Visit: visit(13)})
	k.wantStored(s)
}

func touchSince(k *kit) {
	a, b, other := k.created("ada", 1), k.created("bob", 2), k.created("ada", 3)
	elsewhere, plain := k.created("cy", 4), k.created("dora", 5)
	elsewhere.Last = visit(6) // by another process
	k.touch(session.Touch{ID: elsewhere.ID, Visit: elsewhere.Last})
	same := k.unchanged("ada", other)
	again := func(s *session.Session, minutes int) session.Touch { // and nothing new but the time
		t := session.Touch{ID: s.ID, Visit: s.Last, Since: s.Last.At}
		t.Visit.At = at(minutes)
		return t
	}
	plain.Last = visit(7)
	k.touch(again(a, 7), again(b, 8), session.Touch{ID: elsewhere.ID, Visit: visit(9), Since: at(4)}, session.Touch{ID: plain.ID, Visit: plain.Last})
	a.Last.At, b.Last.At, elsewhere.Last = at(7), at(8), visit(9)
	for _, s := range []*session.Session{a, b, elsewhere, plain} {
		k.wantStored(s)
	}
	same()
	k.touch(again(a, 6), again(b, 8), again(plain, 10))
	plain.Last.At = at(10)
	for _, s := range []*session.Session{a, b, plain} {
		k.wantStored(s)
	}
	k.wantList(session.Query{UserID: "ada"}, other, a)
}

func touchNotLive(k *kit) {
	one, all, everyone, gone := k.ended("ada", 1), k.created("ada", 2), k.created("bob", 3), k.created("eve", 4)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(4)})
	k.revoke(session.Revocation{Everyone: true, Ending: ending(5)})
	k.purge(session.Purge{UserID: "eve", Now: at(6)})
	alive := k.created("cy", 6)
	same := k.unchanged("ada", one, all, everyone)
	unknown := newID()
	var touches []session.Touch
	for _, id := range []session.ID{one.ID, all.ID, everyone.ID, gone.ID, unknown, alive.ID} {
		touches = append(touches, session.Touch{ID: id, Visit: visit(30)})
	}
	var times []session.Touch
	for _, s := range []*session.Session{one, all, everyone, gone} {
		t := session.Touch{ID: s.ID, Visit: s.Last, Since: s.Last.At}
		t.Visit.At = at(29)
		times = append(times, t)
	}
	k.touch(times...)
	k.touch(touches...)
	same()
	k.wantUnknown(unknown)
	k.wantUnknown(gone.ID)
	alive.Last = visit(30)
	k.wantStored(alive)
}

func touchMany(k *kit) {
	k.touch()
	var all []*session.Session
	var touches []session.Touch
	for i := range 1203 {
		if i%100 == 0 {
			all = append(all, k.created("ada", 1))
			touches = append(touches, session.Touch{ID: all[len(all)-1].ID, Visit: visit(2 + i/100)})
		} else {
			touches = append(touches, session.Touch{ID: newID(), Visit: visit(2)})
		}
	}
	slices.Reverse(touches)
	k.touch(touches...)
	for i, s := range all {
		s.Last = visit(2 + i)
		k.wantStored(s)
	}
}
