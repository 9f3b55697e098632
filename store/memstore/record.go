package memstore

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unique"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/session"
)

// record is one session. What facts points to is never changed; facts is replaced
// under the user's lock. 64 bytes.
type record struct {
	id     session.ID
	user   *user
	facts  atomic.Pointer[facts]
	lastAt atomic.Int64 // of the latest visit; once it is read, facts are never older than it

	prev, next *record // of the same user; under its lock

	// From 1, in the heap of st.due while it is live, of st.over once it has ended;
	// 0 when it is in none. Under the lock of that queue.
	place int32
	gone  atomic.Bool // deleted; changed under the user's lock
}

func (r *record) key() session.ID { return r.id }

// facts are a session in little room, and the [session.Handle] of it. But for outdated
// they are never changed. 208 bytes, of which each request looks at the first ones.
type facts struct {
	outdated atomic.Bool // it has ended, also by a bump of the user's counter, or is deleted, or the record has others
	st       *Store
	content
}

// content has what many sessions have in common there once, times in milliseconds
// since 1970, and what few have apart.
type content struct {
	generations                                     session.Generations
	version                                         int64
	expiresAt, authenticatedAt, rotatedAt, secretAt int64
	secret                                          session.SecretHash

	firstAt, lastAt int64
	last            place
	first           *place // nil if it is the same

	kind   unique.Handle[kind]
	device session.DeviceKey

	former *former
	rare   *rare
	ended  *session.Ending
}

// kind is what all sessions of one kind have in common.
type kind struct {
	carrier                         session.Carrier
	familiarity                     session.Familiarity
	restriction                     session.Restriction
	methods                         string // each ends with U+0000
	idleTimeout                     time.Duration
	twin                            uint16
	persistent, shared, provisional bool
}

// former are the secrets that came before.
type former struct {
	previous, older session.SecretHash
	salt            session.Salt
}

// rare is what few sessions have.
type rare struct {
	issuer, subject, sid, name string
	confirmedAt                int64
	bound                      session.Binding
	signals                    []session.Signal
	attrs                      map[string]string
	visits                     *[2]session.Visit // the first and the last, if one of them is no place
}

// place is a visit without its time.
type place struct {
	ip       [16]byte // or that of the network, if bits are there
	device   unique.Handle[device.Device]
	location unique.Handle[geo.Location]
	bits     int16 // noBits: the network is the one of ip
	ipBits   uint8 // 32, 128, or 0 if there is no address
}

const noBits = -1

// placeOf returns the place of a visit. It is false for a network that is not the
// one of the address.
func placeOf(v session.Visit) (p place, ok bool) {
	ip := v.IP
	if p.bits = noBits; !ip.IsValid() && v.Network.IsValid() {
		ip, p.bits = v.Network.Addr(), int16(v.Network.Bits()) //nolint:gosec // 128 at most
	}
	p.ip, p.ipBits = ip.As16(), uint8(ip.BitLen()) //nolint:gosec // 128 at most
	if ip, network := p.addresses(); ip != v.IP || network != v.Network {
		return place{}, false
	}
	p.device, p.location = unique.Make(v.Device), unique.Make(v.Location)
	return p, true
}

func (p *place) addresses() (ip netip.Addr, network netip.Prefix) {
	switch p.ipBits {
	case 32:
		ip = netip.AddrFrom4([4]byte(p.ip[12:]))
	case 128:
		ip = netip.AddrFrom16(p.ip)
	}
	if p.bits == noBits {
		return ip, geo.Network(ip)
	}
	return netip.Addr{}, netip.PrefixFrom(ip, int(p.bits))
}

func (p *place) visit(at int64) session.Visit {
	v := session.Visit{At: timeOf(at), Device: p.device.Value(), Location: p.location.Value()}
	v.IP, v.Network = p.addresses()
	return v
}

// is reports whether the visit was made there.
func (p *place) is(v *session.Visit) bool {
	ip, network := p.addresses()
	return ip == v.IP && network == v.Network && p.device.Value() == v.Device && p.location.Value() == v.Location
}

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// factsOf returns s in little room. It keeps nothing that the caller may change.
func factsOf(s *session.Session) (f content) {
	f = content{
		generations: s.Generations, version: s.Version,
		expiresAt: s.ExpiresAt.UnixMilli(), authenticatedAt: s.AuthenticatedAt.UnixMilli(),
		rotatedAt: s.Secrets.RotatedAt.UnixMilli(), secretAt: s.Secrets.SeenAt.UnixMilli(),
		secret:  s.Secrets.Current,
		firstAt: s.First.At.UnixMilli(), lastAt: s.Last.At.UnixMilli(),
		kind: unique.Make(kind{
			carrier: s.Carrier, familiarity: s.Familiarity, restriction: s.Restriction, methods: joined(s.Methods), idleTimeout: s.IdleTimeout,
			twin: s.Twin, persistent: s.Persistent, shared: s.Shared, provisional: s.Provisional,
		}),
		device: s.DeviceKey,
	}
	if c := (former{s.Secrets.Previous, s.Secrets.Older, s.Secrets.Salt}); c != (former{}) {
		f.former = &c
	}
	if s.Ended != nil {
		e := *s.Ended
		f.ended = &e
	}
	r := rare{
		issuer: s.Issuer, subject: s.Subject, sid: s.SID, name: s.Name, confirmedAt: s.ConfirmedAt.UnixMilli(), bound: s.Bound,
		signals: slices.Clone(s.Signals), attrs: maps.Clone(s.Attrs),
	}
	for i := range r.signals {
		r.signals[i].Args = maps.Clone(r.signals[i].Args)
	}
	first, ok1 := placeOf(s.First)
	last, ok2 := placeOf(s.Last)
	if !ok1 || !ok2 {
		first, last = place{}, place{}
		r.visits = &[2]session.Visit{s.First, s.Last}
	}
	if f.last = last; first != last {
		f.first = &first
	}
	if r.issuer+r.subject+r.sid+r.name != "" || !s.ConfirmedAt.IsZero() || s.Bound != (session.Binding{}) || r.signals != nil || r.attrs != nil || r.visits != nil {
		f.rare = &r
	}
	return f
}

func joined(methods []string) string {
	if len(methods) == 0 {
		return ""
	}
	return strings.Join(methods, "\x00") + "\x00"
}

// session returns the session as it was when lastAt was read.
func (f *facts) session(r *record, lastAt int64) *session.Session {
	s := new(session.Session)
	k := f.kind.Value()
	s.ID, s.UserID, s.Carrier = r.id, r.user.id, k.carrier
	s.Ended, s.Generations, s.Version = f.ended, f.generations, f.version
	s.ExpiresAt, s.IdleTimeout = timeOf(f.expiresAt), k.idleTimeout
	s.Secrets.Current = f.secret
	s.Secrets.RotatedAt, s.Secrets.SeenAt = timeOf(f.rotatedAt), timeOf(f.secretAt)
	if c := f.former; c != nil {
		s.Secrets.Previous, s.Secrets.Older, s.Secrets.Salt = c.previous, c.older, c.salt
	}
	s.AuthenticatedAt = timeOf(f.authenticatedAt)
	if k.methods != "" {
		s.Methods = strings.Split(k.methods[:len(k.methods)-1], "\x00")
	}
	s.Persistent, s.Shared, s.Provisional = k.persistent, k.shared, k.provisional
	s.Twin, s.DeviceKey, s.Familiarity, s.Restriction = k.twin, f.device, k.familiarity, k.restriction
	if c := f.rare; c != nil {
		s.Issuer, s.Subject, s.SID, s.Name = c.issuer, c.subject, c.sid, c.name
		s.ConfirmedAt, s.Bound, s.Signals, s.Attrs = timeOf(c.confirmedAt), c.bound, c.signals, c.attrs
	}
	lastAt = max(lastAt, f.lastAt)
	if f.rare != nil && f.rare.visits != nil {
		s.First, s.Last = f.rare.visits[0], f.rare.visits[1]
		s.First.At, s.Last.At = timeOf(f.firstAt), timeOf(lastAt)
		return s
	}
	s.Last = f.last.visit(lastAt)
	if f.first == nil {
		s.First = s.Last
		s.First.At = timeOf(f.firstAt)
	} else {
		s.First = f.first.visit(f.firstAt)
	}
	return s
}

// latest returns the session as it is now.
func (r *record) latest() *session.Session {
	at := r.lastAt.Load() // first: facts are never older than it
	return r.facts.Load().session(r, at)
}

// expiresAt returns what [session.Session.IdleExpiresAt] does. The user's lock is
// held.
func (r *record) expiresAt() time.Time {
	f := r.facts.Load()
	end := timeOf(f.expiresAt)
	if t := timeOf(r.lastAt.Load()).Add(f.kind.Value().idleTimeout); t.Before(end) {
		return t
	}
	return end
}

// set makes s the session of r. The user's lock is held, or nobody knows r yet.
func (st *Store) set(r *record, s *session.Session) {
	f := &facts{st: st, content: factsOf(s)}
	f.outdated.Store(f.ended != nil)
	r.put(f)
}

// put replaces the facts. As set.
func (r *record) put(f *facts) {
	old := r.facts.Swap(f)
	if old != nil {
		old.outdated.Store(true)
	}
	if old == nil || r.lastAt.Load() < f.lastAt {
		r.lastAt.Store(f.lastAt)
	}
}

// visited notes a visit that is later than all. The user's lock is held.
func (r *record) visited(v session.Visit) {
	f := r.facts.Load()
	odd := f.rare != nil && f.rare.visits != nil
	if !odd && f.last.is(&v) {
		r.lastAt.Store(v.At.UnixMilli())
		return
	}
	p, ok := placeOf(v)
	if odd || !ok {
		s := r.latest()
		s.Last = v
		f.st.set(r, s)
		return
	}
	next := &facts{st: f.st, content: f.content} // what it shares with f is never changed
	if next.first == nil {
		first := f.last
		next.first = &first
	}
	if next.last, next.lastAt = p, v.At.UnixMilli(); p == *next.first {
		next.first = nil
	}
	r.put(next)
}
