// Package record is how sqlstore and redisstore write down what of a session
// has no column or field of its own: as JSON objects, which an operator can
// read and query.
//
// A [Part] lists the keys of one such object. To keep another field of a
// Session, add one line to [Data] (or to [Visit]); storetest fails until that
// is done. What is zero is left out, and what is not there is zero. Unknown
// keys are passed over: they are a later version's, which may work on the same
// database, and are lost when this one writes the object anew.
//
// encoding/json is not used because a request reads three such objects: a table
// of known keys reads them in a tenth of the time. Texts that are read share
// the memory of the object that they came from.
package record

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// A Part is a part of a T that is kept as one JSON object. It is a table of
// the object's keys.
type Part[T any] []field[T]

// field is one key of an object.
type field[T any] struct {
	key    string
	append func(b []byte, of *T) []byte // appends the value, or nothing if it is zero
	read   func(in *reader, to *T)
}

// Text returns the object.
func (p Part[T]) Text(of *T) string {
	return string(p.append(make([]byte, 0, 1024), of))
}

func (p Part[T]) append(b []byte, of *T) []byte {
	b = append(b, '{')
	begin := len(b)
	for i := range p {
		before := len(b)
		if before > begin {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), p[i].key...), '"', ':')
		value := len(b)
		if b = p[i].append(b, of); len(b) == value {
			b = b[:before]
		}
	}
	return append(b, '}')
}

var errNotUTF8 = errors.New("not UTF-8")

// Read reads an object that [Part.Text] has written into a T that is zero.
func (p Part[T]) Read(text string, to *T) error {
	if !utf8.ValidString(text) {
		return errNotUTF8
	}
	in := reader{text: text}
	p.read(&in, to)
	in.end()
	return in.err
}

func (p Part[T]) read(in *reader, to *T) {
	next := 0 // keys come in the order in which they are written
	for more := in.begin('{', '}'); more; more = in.more('}') {
		key := in.key()
		i := p.index(key, next)
		if i < 0 {
			in.skip()
			continue
		}
		next = i + 1
		if p[i].read(in, to); in.err != nil {
			in.err = fmt.Errorf("%s: %w", key, in.err)
			return
		}
	}
}

// index returns where key is, looking from next on first, or -1.
func (p Part[T]) index(key string, next int) int {
	for i := next; i < len(p); i++ {
		if p[i].key == key {
			return i
		}
	}
	for i := range min(next, len(p)) {
		if p[i].key == key {
			return i
		}
	}
	return -1
}

// within returns the keys of a part for what contains it.
func within[T, U any](p Part[T], at func(*U) *T) Part[U] {
	all := make(Part[U], len(p))
	for i, f := range p {
		all[i] = field[U]{
			key:    f.key,
			append: func(b []byte, of *U) []byte { return f.append(b, at(of)) },
			read:   func(in *reader, to *U) { f.read(in, at(to)) },
		}
	}
	return all
}
