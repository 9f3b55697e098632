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
// the empty name takes it away. A name has at most 64 characters, something of
// it can be seen, and none is a control or formatting character, but for those
// that spelling and emoji need: else it is [ErrInvalidName].
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
	case strings.ContainsFunc(withoutFlags(name), unshowable):
		return "", fmt.Errorf("%w: control or formatting characters", ErrInvalidName)
	}
	if name = strings.TrimSpace(name); name != "" && !strings.ContainsFunc(name, visible) {
		return "", fmt.Errorf("%w: nothing of it can be seen", ErrInvalidName)
	}
	return name, nil
}

const (
	// Joiners: U+200C keeps letters apart in Persian and in scripts of India,
	// U+200D joins letters there, and emoji.
	zwnj, zwj = '\u200c', '\u200d'

	// A flag of a part of a country, such as Scotland's, is a black flag, tags that
	// spell it, and the tag that ends it (UTS 51, "Emoji Tag Sequences").
	blackFlag, firstTag, lastTag, endTag = '\U0001f3f4', '\U000e0020', '\U000e007e', '\U000e007f'
)

// unshowable are the characters that a name must not have: controls, line and
// paragraph separators, and formatting characters, which include those that
// turn the direction of text.
func unshowable(r rune) bool {
	return r != zwnj && r != zwj && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
}

// withoutFlags takes the tags of whole flags out of name.
func withoutFlags(name string) string {
	if !strings.ContainsRune(name, endTag) {
		return name
	}
	var b strings.Builder
	rest := name
	for {
		before, after, found := strings.Cut(rest, string(blackFlag))
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteRune(blackFlag)
		rest = after
		tags := strings.TrimLeftFunc(after, func(r rune) bool { return firstTag <= r && r <= lastTag })
		if end, ok := strings.CutPrefix(tags, string(endTag)); ok && len(tags) < len(after) {
			rest = end
		}
	}
}

// blank are characters that show nothing, though Unicode counts them among the
// letters, the symbols or the marks: the fillers of Hangul, inherent vowels of
// Khmer, the empty pattern of Braille, the grapheme joiner, variation selectors.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034f, Hi: 0x034f, Stride: 1}, {Lo: 0x115f, Hi: 0x1160, Stride: 1}, {Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
		{Lo: 0x180b, Hi: 0x180f, Stride: 1}, {Lo: 0x2800, Hi: 0x2800, Stride: 1}, {Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, {Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}, {Lo: 0xe0000, Hi: 0xe0fff, Stride: 1}},
}

// visible reports whether r shows something by itself.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.In(r, unicode.Zs, blank)
}
