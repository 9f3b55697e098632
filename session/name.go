package session

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name of a session, in characters.
const maxName = 64

// Rename gives a session a name that is shown instead of the device's label;
// the empty name takes it away. A name has at most 64 characters, none of them
// a control or formatting character, or it is [ErrInvalidName].
func (m *Manager) Rename(ctx context.Context, userID string, id ID, name string) (*Session, error) {
	name, err := cleanName(name)
	if err != nil {
		return nil, err
	}
	s, err := m.update(ctx, userID, id, func(s *Session) error {
		s.Name = name
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.notify(ctx, Event{Kind: EventRenamed, At: m.Now(), UserID: userID, IDs: []ID{id}, Session: s})
	return s, nil
}

func cleanName(name string) (string, error) {
	switch {
	case !utf8.ValidString(name):
		return "", fmt.Errorf("%w: not UTF-8", ErrInvalidName)
	case utf8.RuneCountInString(name) > maxName:
		return "", fmt.Errorf("%w: more than %d characters", ErrInvalidName, maxName)
	case strings.ContainsFunc(name, unshowable):
		return "", fmt.Errorf("%w: control or formatting characters", ErrInvalidName)
	}
	return strings.TrimSpace(name), nil
}

// unshowable are the characters that a name must not have: controls, line and
// paragraph separators, and formatting characters, which include those that
// turn the direction of text. U+200D joins emoji and is let through.
func unshowable(r rune) bool {
	return r != '\u200d' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
}
