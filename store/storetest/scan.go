package storetest

import (
	"errors"
	"slices"

	"github.com/signedin/signedin/session"
)

// scanRules hold for a store that has session.Scanner.
var scanRules = []rule{
	{"scan", "Scan returns every live session of all users, and nothing that is over, as it is stored, in parts of about limit.", scanned},
}

func scanned(k *kit) {
	sc, ok := k.store.(session.Scanner)
	if !ok {
		return
	}
	if _, _, err := sc.Scan(k.Context(), "", 1); errors.Is(err, errors.ErrUnsupported) {
		return
	}
	var want []*session.Session
	for n := range 9 {
		want = append(want, k.created([]string{"ada", "bob", "eve"}[n%3], n))
	}
	k.ended("ada", 10)
	k.revoke(session.Revocation{UserID: "bob", All: true, Ending: ending(20)})
	want = slices.DeleteFunc(want, func(s *session.Session) bool { return s.UserID == "bob" })
	for _, limit := range []int{1, 2, 100} {
		seen := make(map[session.ID]*session.Session)
		after := ""
		for calls := 0; ; calls++ {
			all, next, err := sc.Scan(k.Context(), after, limit)
			k.must("Scan", err)
			for _, s := range all {
				seen[s.ID] = s
			}
			if next == "" {
				break
			}
			if next == after || calls > 2000 {
				k.Fatalf("Scan: no end after %q", after)
			}
			after = next
		}
		var got []session.ID
		for id := range seen {
			got = append(got, id)
		}
		k.wantIDs("Scan", got, want...)
		for _, s := range want {
			if found := seen[s.ID]; found != nil && (!found.Last.At.Equal(s.Last.At) || !found.ExpiresAt.Equal(s.ExpiresAt) || found.IdleTimeout != s.IdleTimeout || found.UserID != s.UserID) {
				k.Errorf("Scan: got %+v, want %+v", found, s)
			}
		}
	}
	_, _, err := sc.Scan(cancelled(k.Context()), "", 10)
	k.wantErr("Scan", err, cancelled(k.Context()).Err())
}
