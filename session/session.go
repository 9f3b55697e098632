package session

import (
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/geo"
)

// A Session is one signed-in device of one user, as it was at one moment. It
// is an immutable snapshot: readers share it, nobody writes it, and a change
// makes a new one ([Session.Clone]). Times are UTC, to the millisecond.
type Session struct {
	ID      ID
	UserID  string
	Carrier Carrier

	Ended       *Ending     // nil while live
	Shared      bool        // on a shared or public computer
	Generations Generations // the counters under which it was started
	Version     int64       // counts changes, for [Store.Update]

	ExpiresAt   time.Time     // absolute end
	IdleTimeout time.Duration // idle end is Last.At + IdleTimeout
	Secrets     Secrets
	Bound       Binding // the key of its device, if there is one
	Last        Visit   // the latest noted request
	// What every request looks at stands above, close together in memory.

	First Visit // the sign-in

	AuthenticatedAt time.Time // when the user last proved who they are
	Methods         []string  // how: "pwd", "otp", "hwk" (RFC 8176)
	Persistent      bool      // outlives the browser's own session ("keep me signed in")

	// Issuer, Subject and SID are the iss, sub and sid of the identity
	// provider, when one signed the user in (OpenID Connect Back-Channel
	// Logout 1.0).
	Issuer, Subject, SID string

	Name        string      // given by the user: "Mum's iPad"
	Twin        uint16      // 2 for the second one that is called the same when it signs in, and so on; 0 for the first
	DeviceKey   DeviceKey   // of the known device, zero if there is none
	Familiarity Familiarity // whether the user had signed in from it before

	Provisional bool              // signed in suspiciously, not yet believed
	Restriction Restriction       // what it may not be used for meanwhile
	ConfirmedAt time.Time         // when the user last said that it was them; zero if never
	Signals     []Signal          // what looked unusual
	Attrs       map[string]string // a few facts that the application keeps
}

// Clone returns a copy that the caller may change.
func (s *Session) Clone() *Session {
	c := *s
	c.Methods = slices.Clone(s.Methods)
	c.Signals = slices.Clone(s.Signals)
	for i := range c.Signals {
		c.Signals[i].Args = maps.Clone(c.Signals[i].Args)
	}
	c.Attrs = maps.Clone(s.Attrs)
	if s.Ended != nil {
		e := *s.Ended
		c.Ended = &e
	}
	return &c
}

// DropAddresses takes the addresses from a session that has ended, for a
// [Store]; the networks stay. The caller owns s.
func (s *Session) DropAddresses() {
	s.First.IP, s.Last.IP = netip.Addr{}, netip.Addr{}
}

// Remnant returns what a [Store] keeps of a foreign session that has ended,
// where it would delete another one at the time now: that its ID, which is a
// hash of the token, was in use, so that the token is not taken for a new one.
// It belongs to nobody, and says nothing of who had it. It is nil if nothing has
// to stay, since the token has expired or was ours.
func (s *Session) Remnant(now time.Time) *Session {
	if s.Ended == nil || s.Carrier != CarrierForeign || !s.ExpiresAt.After(now) {
		return nil
	}
	return &Session{ID: s.ID, Carrier: s.Carrier, ExpiresAt: s.ExpiresAt, Ended: &Ending{At: s.ExpiresAt}}
}

// IdleExpiresAt returns when the session ends if nothing is seen of it. It is
// never after ExpiresAt.
func (s *Session) IdleExpiresAt() time.Time {
	if t := s.Last.At.Add(s.IdleTimeout); t.Before(s.ExpiresAt) {
		return t
	}
	return s.ExpiresAt
}

// A Carrier is where in a request the token travels.
type Carrier string

// The carriers.
const (
	CarrierCookie  Carrier = "cookie"
	CarrierBearer  Carrier = "bearer"
	CarrierForeign Carrier = "foreign" // another system's token, wherever it travels
)

// A Visit is one moment at which a session was seen.
type Visit struct {
	At time.Time
	// IP is the client's address; zero when it is not known, or not kept
	// ([AddressPolicy]), and always once the session has ended.
	IP netip.Addr
	// Network is the /24 or /48 around IP. It stays when IP is dropped.
	Network  netip.Prefix
	Device   device.Device
	Location geo.Location
}

// An Origin is where a request came from, as the transport saw it.
type Origin struct {
	IP    netip.Addr // zero if not known
	Hints device.Hints
	// Background says that nobody made the request: a page that polls, say. It is
	// judged like any other, and does not keep an idle session alive.
	Background bool
}

// maxHint bounds what is kept of a header, in bytes. Browsers send less.
const maxHint = 1024

// bounded returns o without what is too long to be kept in memory.
func (o Origin) bounded() Origin {
	h := &o.Hints
	for _, s := range []*string{&h.UserAgent, &h.Brands, &h.FullVersions, &h.Mobile, &h.Platform,
		&h.PlatformVersion, &h.Model, &h.FormFactors, &h.AppModel, &h.AppPlatform} {
		if len(*s) > maxHint {
			*s = strings.Clone((*s)[:maxHint]) // not a part that holds on to the whole
		}
	}
	return o
}

// Secrets holds the hashes by which a session knows its token, across
// rotations. It prints as "[secret]".
type Secrets struct {
	Current  SecretHash
	Previous SecretHash // still good; zero once it is retired ([RotationGrace]) or replaced for safety
	Older    SecretHash // the one before: presenting it is [ErrReused]
	Salt     Salt       // derives the current secret from the previous one; zero if there is none

	RotatedAt time.Time // when Current was made
	SeenAt    time.Time // when Current was first presented; zero until then
}

// String returns "[secret]".
func (s Secrets) String() string { return redacted }

// LogValue returns "[secret]".
func (s Secrets) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[secret]".
func (s Secrets) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// An Ending says when, why and by whom a session was ended.
type Ending struct {
	At     time.Time
	Reason Reason
	// By is the ID of the session from which it was done, "admin" for another
	// user's session, or "system".
	By string
}

// A Reason says why a session ended. A host may use reasons of its own.
type Reason string

// The reasons that this library gives.
const (
	ReasonSignedOut       Reason = "signed-out"        // on the device itself
	ReasonSignedOutRemote Reason = "signed-out-remote" // from another device
	ReasonDenied          Reason = "denied"            // with "this wasn't me"
	ReasonSignedOutOthers Reason = "signed-out-others" // with "sign out all other devices"
	ReasonPasswordChanged Reason = "password-changed"
	ReasonReplaced        Reason = "replaced" // the same client signed in again
	ReasonEvicted         Reason = "evicted"  // too many sessions; this was the longest idle
	ReasonExpired         Reason = "expired"  // idle for too long, or at its absolute end
	ReasonReused          Reason = "reused"   // a secret came that had been replaced long ago
	ReasonDisabled        Reason = "disabled" // the user may not sign in any more
	ReasonAdmin           Reason = "admin"
	ReasonErased          Reason = "erased"
	ReasonEveryone        Reason = "everyone" // all users at once
	ReasonIssuer          Reason = "issuer"   // the system that issued the token has ended it
)

// Generations are counters under which a session is live: its user's, bumped
// when all of the user's sessions are revoked, and the one of all users. They
// are counters and not times because clocks differ.
type Generations struct {
	User, Global int64
}
