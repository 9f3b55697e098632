package storetest

import (
	"slices"

	"github.com/signedin/signedin/session"
)

var markRules = []rule{
	{"mark", "What All or Everyone has ended is seen by everybody with its Ending and without addresses, before Mark as after it.", mark},
	{"mark one by one", "Mark does a part, reports that there is more, and some call is the last; of a user it marks no other's.", markParts},
	{"first ending stays", "A session keeps the Ending of what ended it first, whatever comes before it is marked.", firstEndingStays},
	{"unmarked is over", "What is ended and not marked cannot be changed, touched, kept, revoked, or expire.", unmarkedIsOver},
	{"list unmarked", "List gives ended sessions in their order and pages whether they are marked or not.", listUnmarked},
	{"purge after mark", "What was ended by a bump is deleted by Purge when its time comes.", purgeAfterMark},
	{"get many", "GetMany returns those that there are, each once, as Get does.", getMany},
	{"count live", "CountLive counts the live sessions of a user.", countLive},
	{"list oldest", "Oldest lists in the opposite order.", listOldest},
	{"erase in parts", "With UserID and Limit, Purge deletes a part and says so; none of the rest is live meanwhile.", eraseParts},
	{"forget after tickets", "A counter is not forgotten while a sign-in that began before it was bumped may end.", forgetAfterTickets},
	{"race mark", "Mark beside everything else changes nothing that is seen.", raceMark},
}

// around runs check before and after all is marked.
func (k *kit) around(check func()) {
	k.Helper()
	check()
	k.markAll("", 2)
	check()
	k.markAll("", 2)
}

func mark(k *kit) {
	a, b, keep, bob := k.created("ada", 1), k.created("ada", 2), k.created("ada", 3), k.created("bob", 4)
	e, all := ending(5), ending(6)
	k.revoke(session.Revocation{UserID: "ada", All: true, Keep: keep.Clone(), Ending: e})
	keep.Generations.User++
	keep.Version++
	both := []*session.Session{over(a, e), over(b, e)}
	slices.SortFunc(both, latestFirst)
	k.around(func() {
		k.wantStored(over(a, e))
		k.wantStored(over(b, e))
		k.wantStored(keep)
		k.wantStored(bob)
		k.wantList(session.Query{UserID: "ada", State: session.StateEnded}, both...)
		k.wantList(session.Query{UserID: "ada"}, keep)
	})
	k.revoke(session.Revocation{Everyone: true, Ending: all})
	fresh := k.created("bob", 7)
	k.around(func() {
		k.wantStored(over(a, e))
		k.wantStored(over(keep, all))
		k.wantStored(over(bob, all))
		k.wantList(session.Query{UserID: "bob", State: session.StateEnded}, over(bob, all))
		k.wantList(session.Query{UserID: "bob"}, fresh)
		k.wantList(session.Query{UserID: "bob", Oldest: true}, fresh)
	})
}

func markParts(k *kit) {
	var all []*session.Session
	for i := range 7 {
		all = append(all, k.created("ada", i))
	}
	bob := k.created("bob", 1)
	e := ending(9)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: e})
	k.revoke(session.Revocation{UserID: "bob", All: true, Ending: e})
	more, err := k.store.Mark(k.Context(), "ada", 3)
	k.must("Mark", err)
	if !more {
		k.Log("Mark: 3 of 7 are marked, and there is no more: allowed where all are marked at once")
	}
	k.markAll("ada", 3)
	k.markAll("never seen", 3)
	for _, s := range all {
		k.wantStored(over(s, e))
	}
	k.wantStored(over(bob, e))
	k.markAll("", 1)
	k.wantStored(over(bob, e))
}

func firstEndingStays(k *kit) {
	first := k.created("ada", 1)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(10)})
	second := k.created("ada", 2)
	k.revoke(session.Revocation{Everyone: true, Ending: ending(11)})
	third, other := k.created("ada", 3), k.created("bob", 3)
	k.revoke(session.Revocation{Everyone: true, Ending: ending(12)})
	fourth := k.created("ada", 4)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(13)})
	alive := k.created("ada", 5)
	want := map[*session.Session]session.Ending{}
	k.revoke(session.Revocation{UserID: "bob", All: true, Ending: ending(13)})
	for s, n := range map[*session.Session]int{first: 10, second: 11, third: 12, other: 12, fourth: 13} {
		got, _ := k.get(s.ID)
		if got.Ended == nil || !got.Ended.At.Equal(at(n)) {
			k.Fatalf("Ending of what was ended first %d minutes after the epoch: got %+v", n, got.Ended)
		}
		want[s] = *got.Ended
	}
	k.around(func() {
		for s, e := range want {
			k.wantStored(over(s, e))
		}
		k.wantStored(alive)
		k.wantList(session.Query{UserID: "ada"}, alive)
		k.wantList(session.Query{UserID: "ada", State: session.StateEnded},
			over(fourth, want[fourth]), over(third, want[third]), over(second, want[second]), over(first, want[first]))
	})
}

func unmarkedIsOver(k *kit) {
	s := k.created("ada", 1)
	e := ending(2)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: e})
	k.around(func() {
		k.wantErr("Update", k.update(s.Clone()), session.ErrEnded)
		k.touch(session.Touch{ID: s.ID, Visit: visit(30)})
		_, err := k.store.Revoke(k.Context(), session.Revocation{UserID: "ada", All: true, Keep: s.Clone(), Ending: ending(4)})
		k.wantErr("Revoke all but it", err, session.ErrEnded)
		k.wantIDs("Revoke", k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{s.ID}, Ending: ending(5)}).IDs)
		k.wantExpired(k.purge(session.Purge{Now: at(1000), EndedBefore: farPast, Limit: 10}))
		k.wantStored(over(s, e))
		again := k.session("ada", 6)
		again.ID = s.ID
		k.wantErr("Create", k.store.Create(k.Context(), again), session.ErrExists)
	})
}

func listUnmarked(k *kit) {
	var ended []*session.Session
	for n := range 3 {
		one, both := k.created("ada", n), ending(20+n)
		ended = append(ended, over(one, both))
		for range 2 {
			ended = append(ended, over(k.created("ada", n), both))
		}
		by := k.ended("ada", 18+n)
		ended = append(ended, by)
		k.revoke(session.Revocation{UserID: "ada", All: true, Ending: both})
	}
	alive := k.created("ada", 50)
	slices.SortFunc(ended, latestFirst)
	k.around(func() {
		for limit := range len(ended) + 2 {
			var after *session.Session
			for i := range len(ended) + 1 {
				rest := ended[i:]
				if limit > 0 {
					rest = rest[:min(limit, len(rest))]
				}
				k.wantList(session.Query{UserID: "ada", State: session.StateEnded, Limit: limit, After: after}, rest...)
				if i < len(ended) {
					after = ended[i]
				}
			}
		}
		k.wantList(session.Query{UserID: "ada"}, alive)
		k.wantList(session.Query{UserID: "bob", State: session.StateEnded})
	})
}

func purgeAfterMark(k *kit) {
	a, b := k.created("ada", 1), k.created("bob", 1)
	all := ending(7)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(5)})
	k.revoke(session.Revocation{Everyone: true, Ending: all})
	if done := k.purgeAll(session.Purge{Now: at(8), EndedBefore: at(6), Limit: 10}); done.Deleted != 1 || len(done.Expired) > 0 {
		k.Errorf("Purge: got %+v, want one deleted", done)
	}
	k.wantUnknown(a.ID)
	k.wantStored(over(b, all))
	k.purgeAll(session.Purge{Now: at(8), EndedBefore: at(8), Limit: 10})
	k.wantUnknown(b.ID)
}

func getMany(k *kit) {
	alive, ended, bob := k.created("ada", 1), k.ended("ada", 2), k.created("bob", 3)
	dead := k.created("cy", 4)
	k.revoke(session.Revocation{UserID: "cy", All: true, Ending: ending(5)})
	ids := []session.ID{bob.ID, newID(), alive.ID, ended.ID, alive.ID, dead.ID, {}}
	k.around(func() {
		k.fresh()
		all, err := k.store.GetMany(k.Context(), ids)
		k.must("GetMany", err)
		var got []session.ID
		for _, f := range all {
			got = append(got, f.Session.ID)
			s, g := k.get(f.Session.ID)
			if d := differences(f.Session, s); len(d) > 0 || f.Generations != g {
				k.Errorf("GetMany: got %v under %v, want as Get: %v under %v", f.Session, f.Generations, d, g)
			}
		}
		k.wantIDs("GetMany", got, alive, ended, bob, dead)
	})
	none, err := k.store.GetMany(k.Context(), nil)
	if len(none) > 0 || err != nil {
		k.Errorf("GetMany of none: got %v, %v", none, err)
	}
}

func countLive(k *kit) {
	want := func(user string, want int) {
		k.Helper()
		k.fresh()
		n, err := k.store.CountLive(k.Context(), user)
		k.must("CountLive", err)
		k.wantCount("CountLive of "+user, n, want)
	}
	want("ada", 0)
	k.created("ada", 1)
	k.ended("ada", 2)
	keep := k.created("ada", 3)
	k.created("bob", 4)
	want("ada", 2)
	k.revoke(session.Revocation{UserID: "ada", All: true, Keep: keep.Clone(), Ending: ending(5)})
	want("ada", 1)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(6)})
	k.around(func() {
		want("ada", 0)
		want("bob", 1)
	})
}

func listOldest(k *kit) {
	alive, ended := history(k)
	slices.Reverse(alive)
	slices.Reverse(ended)
	for state, all := range map[session.State][]*session.Session{session.StateLive: alive, session.StateEnded: ended} {
		k.wantList(session.Query{UserID: "ada", State: state, Oldest: true}, all...)
		k.wantList(session.Query{UserID: "ada", State: state, Oldest: true, Limit: 2}, all[:2]...)
		k.wantList(session.Query{UserID: "ada", State: state, Oldest: true, Limit: 3, After: all[1]}, all[2:5]...)
	}
}

func eraseParts(k *kit) {
	var all []*session.Session
	for i := range 7 {
		all = append(all, k.created("ada", i))
	}
	all = append(all, k.ended("ada", 8))
	bob := k.created("bob", 1)
	p := session.Purge{UserID: "ada", Now: at(20), Limit: 3}
	deleted := 0
	for calls := 1; ; calls++ {
		done := k.purge(p)
		deleted += done.Deleted
		if done.Deleted > p.Limit {
			k.Errorf("Purge of a user: deleted %d with limit %d", done.Deleted, p.Limit)
		}
		k.wantList(session.Query{UserID: "ada"})
		if !done.More {
			break
		}
		if calls > 10 {
			k.Fatal("Purge of a user: more is still true after 10 calls for 8 sessions")
		}
	}
	k.wantCount("Purge of a user", deleted, len(all))
	k.markAll("", 10)
	for _, s := range all {
		k.wantUnknown(s.ID)
	}
	k.wantList(session.Query{UserID: "ada", State: session.StateEnded})
	k.wantStored(bob)
}

func forgetAfterTickets(k *kit) {
	before := k.session("ada", 0)
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(1)})
	oldest := at(1).Add(session.MaxTicketAge)
	for _, now := range []int{1, 2, 30, 60} {
		if !at(now).After(oldest) {
			k.purgeAll(session.Purge{Now: at(now), EndedBefore: at(now), Limit: 10})
			k.wantErr("Create by the oldest ticket", k.store.Create(k.Context(), before.Clone()), session.ErrOutdated)
		}
	}
	k.wantUnknown(before.ID)
}

func raceMark(k *kit) {
	k.clash(func(user string) {
		a, b, keep := k.created(user, 1), k.created(user, 2), k.created(user, 3)
		e := ending(5)
		mark := func() { k.markAll(user, 1) }
		touch := func() { k.touch(session.Touch{ID: a.ID, Visit: visit(4)}) }
		var got session.Revoked
		together(func() {
			got = k.revoke(session.Revocation{UserID: user, All: true, Keep: keep.Clone(), Ending: e})
		}, mark, touch, mark, func() {
			for range 3 {
				if s, g, err := k.store.Get(k.Context(), b.ID); err == nil && !live(s, g) && (s.Ended == nil || *s.Ended != e) {
					k.Errorf("Get: dead without its Ending: %+v under %+v", s, g)
				}
			}
		})
		k.markAll(user, 10)
		if s, _ := k.get(a.ID); s.Last.At.Equal(at(4)) {
			a.Last = visit(4)
		}
		k.wantStored(over(a, e))
		k.wantStored(over(b, e))
		keep.Version++
		keep.Generations = session.Generations{User: got.Generations.User, Global: keep.Generations.Global}
		k.wantStored(keep)
	})
}
