package record

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

func text[T any, S ~string](key string, at func(*T) *S) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		if s := *at(of); s != "" {
			return AppendText(b, string(s))
		}
		return b
	}, func(in *reader, to *T) { *at(to) = S(in.string()) }}
}

func boolean[T any](key string, at func(*T) *bool) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		if *at(of) {
			return append(b, "true"...)
		}
		return b
	}, func(in *reader, to *T) { *at(to) = in.boolean() }}
}

// unsigned is a number of at most so many bits.
func unsigned[T any, N ~uint8 | ~uint16 | ~uint32](key string, bits int, at func(*T) *N) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		if n := *at(of); n != 0 {
			return strconv.AppendUint(b, uint64(n), 10)
		}
		return b
	}, func(in *reader, to *T) {
		n, err := strconv.ParseUint(in.number(), 10, bits)
		in.fail(err)
		*at(to) = N(n)
	}}
}

func float[T any](key string, at func(*T) *float64) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		if n := *at(of); n != 0 && n-n == 0 { // JSON has no infinity
			return strconv.AppendFloat(b, n, 'g', -1, 64)
		}
		return b
	}, func(in *reader, to *T) {
		n, err := strconv.ParseFloat(in.number(), 64)
		in.fail(err)
		*at(to) = n
	}}
}

// millis is a time, in milliseconds since 1970.
func millis[T any](key string, at func(*T) *time.Time) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		if t := *at(of); !t.IsZero() {
			return strconv.AppendInt(b, t.UnixMilli(), 10)
		}
		return b
	}, func(in *reader, to *T) {
		n, err := strconv.ParseInt(in.number(), 10, 64)
		in.fail(err)
		*at(to) = Time(n)
	}}
}

// binary is bytes of a certain number, in base64.
func binary[T any](key string, at func(*T) []byte) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		bytes := at(of)
		if !slices.ContainsFunc(bytes, func(c byte) bool { return c != 0 }) {
			return b
		}
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), bytes), '"')
	}, func(in *reader, to *T) { in.fail(decode64(at(to), in.string())) }}
}

func decode64(to []byte, text string) error {
	var source, room [64]byte // on the stack
	if len(text) > len(source) || base64.StdEncoding.EncodedLen(len(to)) != len(text) {
		return fmt.Errorf("not %d bytes", len(to))
	}
	b, err := base64.StdEncoding.AppendDecode(room[:0], source[:copy(source[:], text)])
	if err == nil && len(b) != len(to) {
		err = fmt.Errorf("%d bytes, want %d", len(b), len(to))
	}
	copy(to, b)
	return err
}

func network[T any](key string, at func(*T) *netip.Prefix) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		if p := *at(of); p.IsValid() {
			return AppendText(b, p.String())
		}
		return b
	}, func(in *reader, to *T) {
		p, err := netip.ParsePrefix(in.string())
		in.fail(err)
		*at(to) = p
	}}
}

func texts[T any](key string, at func(*T) *[]string) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		for i, s := range *at(of) {
			b = AppendText(append(b, "[,"[min(i, 1)]), s)
		}
		return closed(b, ']', len(*at(of)))
	}, func(in *reader, to *T) {
		*at(to) = nil
		for more := in.begin('[', ']'); more; more = in.more(']') {
			*at(to) = append(*at(to), in.string())
		}
	}}
}

func pairs[T any](key string, at func(*T) *map[string]string) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		m := *at(of)
		for i, k := range slices.Sorted(maps.Keys(m)) {
			b = AppendText(append(b, "{,"[min(i, 1)]), k)
			b = AppendText(append(b, ':'), m[k])
		}
		return closed(b, '}', len(m))
	}, func(in *reader, to *T) {
		m := make(map[string]string)
		for more := in.begin('{', '}'); more; more = in.more('}') {
			key := in.key()
			m[key] = in.string()
		}
		if *at(to) = m; len(m) == 0 {
			*at(to) = nil
		}
	}}
}

// closed closes a list of so many entries.
func closed(b []byte, with byte, entries int) []byte {
	if entries > 0 {
		b = append(b, with)
	}
	return b
}

// part is an object in an object.
func part[T, U any](key string, p Part[U], at func(*T) *U) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		before := len(b)
		if b = p.append(b, at(of)); len(b) == before+len("{}") {
			b = b[:before]
		}
		return b
	}, func(in *reader, to *T) { p.read(in, at(to)) }}
}

// parts is a list of objects.
func parts[T, U any](key string, p Part[U], at func(*T) *[]U) field[T] {
	return field[T]{key, func(b []byte, of *T) []byte {
		list := *at(of)
		for i := range list {
			b = p.append(append(b, "[,"[min(i, 1)]), &list[i])
		}
		return closed(b, ']', len(list))
	}, func(in *reader, to *T) {
		*at(to) = nil
		for more := in.begin('[', ']'); more; more = in.more(']') {
			var u U
			p.read(in, &u)
			*at(to) = append(*at(to), u)
		}
	}}
}
