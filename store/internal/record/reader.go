package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// reader reads JSON from its beginning to its end, and keeps the first
// trouble: after that it reads nothing.
type reader struct {
	text string // which is UTF-8
	pos  int
	err  error
}

var errSyntax = errors.New("not JSON as it should be")

func (in *reader) fail(err error) {
	if in.err == nil && err != nil {
		in.err = err
	}
}

// peek returns the next character after space, 0 if there is none.
func (in *reader) peek() byte {
	for ; in.pos < len(in.text); in.pos++ {
		switch c := in.text[in.pos]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// accept reads the character if it is the next one.
func (in *reader) accept(c byte) bool {
	if in.err != nil || in.peek() != c {
		return false
	}
	in.pos++
	return true
}

func (in *reader) expect(c byte) {
	if !in.accept(c) {
		in.fail(fmt.Errorf("%w: %q expected at byte %d", errSyntax, c, in.pos))
	}
}

func (in *reader) end() {
	if in.peek() != 0 || in.pos < len(in.text) {
		in.fail(fmt.Errorf("%w: more at byte %d", errSyntax, in.pos))
	}
}

// begin opens an object or a list, and reports whether it has an entry, which
// is to be read next.
func (in *reader) begin(open, end byte) bool {
	in.expect(open)
	return !in.accept(end) && in.err == nil
}

// more reports whether there is another entry, or else closes the list.
func (in *reader) more(end byte) bool {
	if in.accept(',') {
		return true
	}
	in.expect(end)
	return false
}

// key reads the key of an entry of an object.
func (in *reader) key() string {
	key := in.string()
	in.expect(':')
	return key
}

// string reads a text. Mostly it is a part of what is read.
func (in *reader) string() string {
	in.expect('"')
	if in.err != nil {
		return ""
	}
	text, begin, escaped := in.text, in.pos, false
	for i := begin; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			in.pos = i + 1
			if escaped {
				return in.unescaped(text[begin-1 : in.pos])
			}
			return text[begin:i]
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			in.fail(fmt.Errorf("%w: control character at byte %d", errSyntax, i))
			return ""
		}
	}
	in.fail(fmt.Errorf("%w: it ends in a text", errSyntax))
	return ""
}

func (in *reader) unescaped(quoted string) (s string) {
	in.fail(json.Unmarshal([]byte(quoted), &s))
	return s
}

// number returns the text of a number, which is to be parsed.
func (in *reader) number() string {
	in.peek()
	begin := in.pos
	for in.err == nil && in.pos < len(in.text) && strings.IndexByte("+-.0123456789Ee", in.text[in.pos]) >= 0 {
		in.pos++
	}
	return in.text[begin:in.pos]
}

func (in *reader) boolean() bool {
	in.peek()
	rest := in.text[in.pos:]
	switch {
	case strings.HasPrefix(rest, "true"):
		in.pos += len("true")
		return true
	case strings.HasPrefix(rest, "false"):
		in.pos += len("false")
		return false
	}
	in.fail(fmt.Errorf("%w: true or false expected at byte %d", errSyntax, in.pos))
	return false
}

// skip reads a value of any kind.
func (in *reader) skip() {
	if in.err != nil {
		return
	}
	var v json.RawMessage
	d := json.NewDecoder(strings.NewReader(in.text[in.pos:]))
	in.fail(d.Decode(&v))
	in.pos += int(d.InputOffset())
}
