package record

import (
	"time"

	"github.com/signedin/signedin/session"
)

// Data is what [session.Store.Update] writes, but the name, the times at which
// the session ends, and the [Binding].
var Data = Part[session.Session]{
	text("issuer", func(s *session.Session) *string { return &s.Issuer }),
	text("subject", func(s *session.Session) *string { return &s.Subject }),
	text("sid", func(s *session.Session) *string { return &s.SID }),
	part("secrets", secrets, func(s *session.Session) *session.Secrets { return &s.Secrets }),
	millis("authenticated_at", func(s *session.Session) *time.Time { return &s.AuthenticatedAt }),
	texts("methods", func(s *session.Session) *[]string { return &s.Methods }),
	boolean("persistent", func(s *session.Session) *bool { return &s.Persistent }),
	boolean("shared", func(s *session.Session) *bool { return &s.Shared }),
	binary("device_key", func(s *session.Session) []byte { return s.DeviceKey[:] }),
	text("familiarity", func(s *session.Session) *session.Familiarity { return &s.Familiarity }),
	boolean("provisional", func(s *session.Session) *bool { return &s.Provisional }),
	text("restriction", func(s *session.Session) *session.Restriction { return &s.Restriction }),
	millis("confirmed_at", func(s *session.Session) *time.Time { return &s.ConfirmedAt }),
	unsigned("twin", 16, func(s *session.Session) *uint16 { return &s.Twin }),
	parts("signals", signal, func(s *session.Session) *[]session.Signal { return &s.Signals }),
	pairs("attrs", func(s *session.Session) *map[string]string { return &s.Attrs }),
}

// DataAndName is [Data] with the name.
var DataAndName = append(Part[session.Session]{text("name", func(s *session.Session) *string { return &s.Name })}, Data...)

// Start is what never changes of a session, but the address: its ID, its
// carrier and the first visit.
var Start = append(Part[session.Session]{
	binary("id", func(s *session.Session) []byte { return s.ID[:] }),
	text("carrier", func(s *session.Session) *session.Carrier { return &s.Carrier }),
	millis("at", func(s *session.Session) *time.Time { return &s.First.At }),
}, within(Visit, func(s *session.Session) *session.Visit { return &s.First })...)

// secrets holds hashes, never secrets.
var secrets = Part[session.Secrets]{
	binary("current", func(s *session.Secrets) []byte { return s.Current[:] }),
	binary("previous", func(s *session.Secrets) []byte { return s.Previous[:] }),
	binary("older", func(s *session.Secrets) []byte { return s.Older[:] }),
	binary("salt", func(s *session.Secrets) []byte { return s.Salt[:] }),
	millis("rotated_at", func(s *session.Secrets) *time.Time { return &s.RotatedAt }),
	millis("seen_at", func(s *session.Secrets) *time.Time { return &s.SeenAt }),
}

// Binding is the public key that a session is bound to. It is an object of its own:
// a program that does not know of it would lose it in Data, and a copy of the session
// would be good again.
var Binding = Part[session.Binding]{
	text("key", func(b *session.Binding) *string { return &b.Key }),
	text("algorithm", func(b *session.Binding) *string { return &b.Algorithm }),
	millis("since", func(b *session.Binding) *time.Time { return &b.Since }),
	millis("seen_at", func(b *session.Binding) *time.Time { return &b.SeenAt }),
}

var signal = Part[session.Signal]{
	text("code", func(g *session.Signal) *string { return &g.Code }),
	text("text", func(g *session.Signal) *string { return &g.Text }),
	pairs("args", func(g *session.Signal) *map[string]string { return &g.Args }),
	unsigned("level", 8, func(g *session.Signal) *session.Level { return &g.Level }),
	millis("at", func(g *session.Signal) *time.Time { return &g.At }),
}
