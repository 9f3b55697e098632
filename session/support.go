package session

import (
	"maps"
	"time"
)

// attrSupport is the attribute that holds who uses an account for its user. It is
// an attribute and no field, since few sessions have one.
const attrSupport = "signedin.support"

// supportLimit is how long a session of support lasts at most.
const supportLimit = time.Hour

// supportName is what the user sees, unless StartOptions.Name says something else.
const supportName = "Support"

// Support returns who uses the account in s for its user
// ([StartOptions].Support), "" if that is the user.
func (s *Session) Support() string { return s.Attrs[attrSupport] }

// support makes s a session of by, who looks at the account of its user.
func (s *Session) support(by string) {
	if by == "" {
		return
	}
	if s.Name == "" {
		s.Name = supportName
	}
	attrs := maps.Clone(s.Attrs)
	if attrs == nil {
		attrs = make(map[string]string)
	}
	attrs[attrSupport] = by
	s.Attrs, s.AuthenticatedAt, s.Persistent = attrs, AuthTimeUnknown, false
	if end := s.First.At.Add(supportLimit); end.Before(s.ExpiresAt) {
		s.ExpiresAt = end
	}
}
