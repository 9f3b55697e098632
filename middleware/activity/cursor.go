package activity

import (
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strings"
	"time"

	"github.com/signedin/signedin/session"
)

// cursorText returns what the page after c is asked for by.
func cursorText(c session.Cursor) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(c.ID[:], uint64(c.StartedAt.UnixMilli())))
}

// parseCursor returns nil for the first page.
func parseCursor(text string) (*session.Cursor, error) {
	if text == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 24 {
		return nil, errCursor
	}
	at := time.UnixMilli(int64(binary.BigEndian.Uint64(b[16:]))).UTC()
	if at.Year() < 1970 || at.Year() > 9999 {
		return nil, errCursor
	}
	return &session.Cursor{ID: session.ID(b[:16]), StartedAt: at}, nil
}

// listQuery returns as much of a query as says which part of the list is shown.
func listQuery(text string) string {
	q, err := url.ParseQuery(strings.TrimPrefix(text, "?"))
	if err != nil || len(text) > 300 {
		return ""
	}
	kept := url.Values{}
	for _, name := range []string{"after", "q"} {
		if v := q.Get(name); v != "" {
			kept.Set(name, v)
		}
	}
	if len(kept) == 0 {
		return ""
	}
	return "?" + kept.Encode()
}
