package storetest

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

var valueRules = []rule{
	{"every field survives", "A Store keeps what it is given: every field of a Session, whatever is added to it.", everyField},
	{"nothing survives as nothing", "What is not set stays so: no time, no address, no text, no list.", nothingSet},
	{"times to the millisecond", "Times are kept in UTC to the millisecond, the zero time and those before 1970 as well.", times},
	{"addresses as they are", "Addresses and networks are kept in both families, with a zone too.", addresses},
	{"text as it is", "Text is any UTF-8 but U+0000, and is kept byte by byte, 64 KiB of it too.", text},
	{"users are told apart", "Two user IDs are the same only if each byte is.", users},
	{"reads no clock", "Whether a session has expired the Manager judges: one that ended long ago by its times is live until Purge.", noClock},
	{"snapshots do not change", "A session that a Store has returned is never changed afterwards.", snapshots},
	{"arguments are not kept", "What a Store was given may be changed by the caller afterwards.", arguments},
	{"cancelled context", "A cancelled context is an error, never a wrong answer.", cancelledContext},
	{"no goroutine left", "A call leaves no goroutine behind, cancelled or not.", noGoroutine},
}

func everyField(k *kit) {
	s := k.created("ada", 1)
	k.wantStored(s)
	got := k.list(session.Query{UserID: "ada"})
	if len(got) != 1 {
		k.Fatalf("List: got %d sessions, want 1", len(got))
	}
	for _, d := range differences(got[0], s) {
		k.Errorf("listed session: %s", d)
	}
}

func nothingSet(k *kit) {
	s := &session.Session{ID: newID(), UserID: "ada", Generations: k.gens("ada")}
	k.must("Create", k.store.Create(k.Context(), s.Clone()))
	k.wantStored(s)
}

func times(k *kit) {
	for _, when := range []time.Time{
		{},
		time.UnixMilli(-1).UTC(),
		time.UnixMilli(0).UTC(),
		time.Date(1969, 7, 20, 20, 17, 40, 1_000_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC),
	} {
		s := k.session("ada", 1)
		s.First.At, s.Last.At, s.ExpiresAt = when, when, when
		s.AuthenticatedAt, s.Secrets.SeenAt, s.First.Location.Built = when, when, when
		k.must("Create", k.store.Create(k.Context(), s.Clone()))
		k.wantStored(s)
		e := session.Ending{At: when, Reason: "r", By: "b"}
		k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{s.ID}, Ending: e})
		k.wantStored(over(s, e))
	}
}

func addresses(k *kit) {
	for _, a := range []string{"0.0.0.0", "203.0.113.255", "::", "::1", "2001:db8::7", "::ffff:192.0.2.1", "fe80::1%eth0"} {
		ip := netip.MustParseAddr(a)
		s := k.session("ada", 1)
		s.First.IP, s.First.Network = ip, geo.Network(ip)
		s.Last.IP, s.Last.Network = ip, netip.PrefixFrom(ip.WithZone(""), ip.BitLen())
		k.must("Create", k.store.Create(k.Context(), s.Clone()))
		k.wantStored(s)
	}
}

// hostile is text on which stores have broken.
var hostile = []string{
	"'; DROP TABLE sessions; --", `"quoted" \ back\\slash \n`, "%_*?[x]{y}$1 :name @p ?1 {{.}}",
	" leading and trailing ", "\t\r\n\v\f\x01\x7f", "\u2028\u2029\u00a0\ufeff", "null", "NULL", "0", "-1e9", "\\x00", "\\u0000",
	"e\u0301 \u00e9 \u00c5 \u212b", "\U0001F469\u200D\U0001F4BB\U0010FFFF", "\u202eabc\u202c", "\ufffd\ufffe", "<script>&amp;</script>",
	"a:b|c;d,e=f/g#h", "🔑\r\n*3\r\n$3\r\nSET\r\n",
}

func text(k *kit) {
	for _, h := range append(hostile, strings.Repeat("é\"", 32<<10/3)) {
		s := k.session("ada", 1)
		everyString(reflect.ValueOf(s).Elem(), h)
		s.UserID = "ada"
		if len(h) > 1000 { // only Attrs has no bound of its own
			*s = *k.session("ada", 1)
			s.Attrs = map[string]string{"long": h, "": "empty key"}
		}
		k.must("Create", k.store.Create(k.Context(), s.Clone()))
		k.wantStored(s)
		s.Name, s.Attrs = s.Name+strings.ToValidUTF8(h[:min(len(h), 100)], ""), map[string]string{h: h}
		k.must("Update", k.update(s))
		s.Version++
		k.wantStored(s)
	}
}

func everyString(v reflect.Value, to string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(to)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				everyString(v.Field(i), to)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			everyString(v.Index(i), to)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{to: to, "": to}))
	}
}

func users(k *kit) {
	var all []*session.Session
	names := append([]string{
		"ada", "Ada", "ADA", "ada ", " ada", "a", "ad", "adaa", "åda", "a\u030ada", "ada%", "ada_", "*",
		strings.Repeat("u", 255), strings.Repeat("u", 254), strings.Repeat("é", 127),
	}, hostile...)
	for i, name := range names {
		all = append(all, k.created(name, i))
	}
	for i, name := range names {
		k.wantList(session.Query{UserID: name}, all[i])
	}
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(1)})
	k.purge(session.Purge{UserID: "a", Now: at(1)})
	for i, name := range names {
		if name != "ada" && name != "a" {
			k.wantLive(all[i], true)
		}
	}
}

func noClock(k *kit) {
	s := k.session("ada", 1)
	old := time.Date(1985, 10, 26, 9, 0, 0, 0, time.UTC)
	s.First.At, s.Last.At, s.ExpiresAt, s.IdleTimeout = old, old, old.Add(2), 0
	s.ExpiresAt = old.Add(time.Millisecond)
	k.must("Create", k.store.Create(k.Context(), s.Clone()))
	k.wantLive(s, true)
	k.wantList(session.Query{UserID: "ada"}, s)
	s.Name = "renamed"
	k.must("Update", k.update(s))
	v := session.Visit{At: old.Add(time.Second)}
	k.touch(session.Touch{ID: s.ID, Visit: v})
	s.Version, s.Last = s.Version+1, v
	k.wantStored(s)
	k.wantIDs("Revoke", k.revoke(session.Revocation{UserID: "ada", Only: []session.ID{s.ID}, Ending: ending(1)}).IDs, s)
}

func snapshots(k *kit) {
	s := k.created("ada", 1)
	read, _ := k.get(s.ID)
	listed := k.list(session.Query{UserID: "ada"})[0]
	next := read.Clone()
	next.Name, next.Attrs, next.Signals[0].Code = "renamed", map[string]string{"new": "1"}, "new"
	k.must("Update", k.update(next))
	k.touch(session.Touch{ID: s.ID, Visit: session.Visit{At: at(2)}})
	k.revoke(session.Revocation{UserID: "ada", All: true, Ending: ending(3)})
	k.purge(session.Purge{UserID: "ada", Now: at(4)})
	for _, d := range append(differences(read, s), differences(listed, s)...) {
		k.Errorf("snapshot changed: %s", d)
	}
}

func arguments(k *kit) {
	spoil := func(s *session.Session) {
		s.Name, s.UserID = "spoiled", "spoiled"
		s.Methods[0], s.Signals[0].Code = "spoiled", "spoiled"
		clear(s.Attrs)
	}
	want := k.session("ada", 1)
	given := want.Clone()
	k.must("Create", k.store.Create(k.Context(), given))
	spoil(given)
	k.wantStored(want)

	given = want.Clone()
	k.must("Update", k.update(given))
	want.Version++
	spoil(given)
	k.wantStored(want)

	given = want.Clone()
	k.revoke(session.Revocation{UserID: "ada", All: true, Keep: given, Ending: ending(1)})
	want.Version++
	want.Generations.User++
	spoil(given)
	k.wantStored(want)

	touches := []session.Touch{{ID: want.ID, Visit: session.Visit{At: at(5)}}}
	k.touch(touches...)
	touches[0].Visit.At = at(9)
	want.Last = session.Visit{At: at(5)}
	k.wantStored(want)
}

// calls makes one call of every method. Each is such that a wrong answer would
// be an error by which a Store answers, or none.
func (k *kit) calls(ctx context.Context, s *session.Session) map[string]error {
	errs := make(map[string]error)
	other := s.Clone()
	other.ID = newID()
	errs["Create"] = k.store.Create(ctx, other)
	_, _, errs["Get"] = k.store.Get(ctx, s.ID)
	_, errs["List"] = k.store.List(ctx, session.Query{UserID: s.UserID})
	errs["Update"] = k.store.Update(ctx, s)
	errs["Touch"] = k.store.Touch(ctx, []session.Touch{{ID: s.ID, Visit: session.Visit{At: at(99)}}})
	_, errs["Revoke"] = k.store.Revoke(ctx, session.Revocation{UserID: s.UserID, Only: []session.ID{s.ID}, Ending: ending(1)})
	_, errs["Revoke All"] = k.store.Revoke(ctx, session.Revocation{UserID: s.UserID, All: true, Ending: ending(1)})
	_, errs["Revoke Everyone"] = k.store.Revoke(ctx, session.Revocation{Everyone: true, Ending: ending(1)})
	_, errs["Generation"] = k.store.Generation(ctx, s.UserID)
	_, errs["Purge"] = k.store.Purge(ctx, session.Purge{Now: at(0), EndedBefore: at(0), Limit: 10})
	return errs
}

func cancelledContext(k *kit) {
	past, stop := context.WithDeadline(k.Context(), epoch)
	defer stop()
	for name, ctx := range map[string]context.Context{"cancelled": cancelled(k.Context()), "late": past} {
		for method, err := range k.calls(ctx, k.created("ada", 1)) {
			if err == nil || isAnswer(err) {
				k.Errorf("%s with a %s context: got %v, want an error that is no answer", method, name, err)
			}
		}
	}
}

// isAnswer reports whether err says something about a session.
func isAnswer(err error) bool {
	return slices.ContainsFunc([]error{
		session.ErrRefused, session.ErrNotFound, session.ErrOutdated, session.ErrEnded,
		session.ErrConflict, session.ErrExists, session.ErrCorrupt,
	}, func(target error) bool { return errors.Is(err, target) })
}

func noGoroutine(k *kit) {
	work := func(times int) {
		for range times {
			s := k.created("ada", 1)
			k.calls(cancelled(k.Context()), s)
			k.calls(k.Context(), s)
		}
	}
	work(5) // a pool may grow at first
	before := runtime.NumGoroutine()
	work(40)
	var after int
	for range 200 {
		if after = runtime.NumGoroutine(); after <= before+3 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	k.Errorf("goroutines: got %d after 800 calls, want about %d", after, before)
}
