package session

import "context"

type (
	contextKey struct{} // of the *Session
	connKey    struct{} // of the *Conn
)

// FromContext returns the session of the request that ctx belongs to.
func FromContext(ctx context.Context) (*Session, bool) {
	if c, ok := ctx.(*Conn); ok {
		return c.Session(), true
	}
	s, ok := ctx.Value(contextKey{}).(*Session)
	return s, ok
}

// NewContext returns a context that carries s, for a transport that has no
// [Conn]. It does not end when the session does.
func NewContext(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// ConnFromContext returns the innermost [Conn] that ctx is, or was made from.
func ConnFromContext(ctx context.Context) (*Conn, bool) {
	c, ok := ctx.Value(connKey{}).(*Conn)
	return c, ok
}
