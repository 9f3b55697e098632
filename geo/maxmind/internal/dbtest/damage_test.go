package dbtest_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/signedin/signedin/geo/maxmind"
)

// survive fails if f hangs. A panic ends the test by itself.
func survive(t *testing.T, name string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("%s: still busy after a minute", name)
	}
}

// try opens b and looks addresses up in it. It has no expectation: damage may
// be found in opening, in looking up, or not at all.
func try(b []byte) {
	db, err := maxmind.FromBytes(b, maxmind.Config{AllowReserved: true})
	if err != nil {
		return
	}
	for _, ip := range someAddresses() {
		_, _ = db.Locate(context.Background(), ip)
	}
}

func someAddresses() (ips []netip.Addr) {
	for _, s := range []string{
		"1.1.1.1", "8.8.8.8", "81.2.69.160", "89.160.20.112", "216.160.83.56", "203.0.113.9", "254.0.0.1",
		"2001:218::1", "2a02:cf40::1", "2600::1", "3ffe::1",
	} {
		ips = append(ips, netip.MustParseAddr(s))
	}
	return ips
}

// TestDamagedBytes spoils each byte of a file in several ways, and its length.
func TestDamagedBytes(t *testing.T) {
	values := []byte{0x00, 0x01, 0x1f, 0x20, 0x38, 0x5f, 0x7f, 0xe0, 0xff}
	whole := cityDB(t, epoch)
	survive(t, "every byte", func() {
		for i := range whole {
			try(whole[:i])
			spoilt := bytes.Clone(whole)
			for _, v := range values {
				spoilt[i] = v
				try(spoilt)
			}
		}
	})
}

// TestDamagedStructure has the kinds of damage that readers of the format are
// known to have fallen for.
func TestDamagedStructure(t *testing.T) {
	us := mapOf("country_code", text("US"))
	good := file(leafTree, us, metadata(1))
	if _, err := maxmind.FromBytes(good, maxmind.Config{}); err != nil {
		t.Fatalf("what the others are variations of: %v", err)
	}
	for name, b := range map[string][]byte{
		"empty file":                 {},
		"marker only":                []byte(marker),
		"no data":                    file(leafTree, nil, metadata(1)),
		"metadata is a number":       file(leafTree, us, []byte{0x0a, 0x03, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
		"empty map last in metadata": file(leafTree, us, append(metadata(1), 0xe0)),
		"more nodes than bytes":      file(leafTree, us, metadata(1<<20)),
		"overflowing node count":     file(leafTree, us, metadata(1<<63)),
		"tree that is its own child": file([]byte{0, 0, 0, 0, 0, 0}, us, metadata(1)),
		"tree without a way out":     file(ladder(100, 100), us, metadata(100)),
		"tree that is all aliases":   file(ladder(127, 0), us, metadata(127)),
		"record in the separator":    file([]byte{0, 0, 2, 0, 0, 16}, us, metadata(1)),
		"record beyond the end":      file([]byte{0xff, 0xff, 0xff, 0, 1, 0}, us, metadata(1)),
		"record is a string":         file(leafTree, text("1.1.1.1/32"), metadata(1)),
		"record is an array":         file(leafTree, []byte{0x00, 0x04}, metadata(1)),
		"pointer to itself":          file(leafTree, []byte{0x20, 0x00}, metadata(1)),
		"pointer beyond the end":     file(leafTree, []byte{0x2f, 0xff}, metadata(1)),
		"map within itself":          file(leafTree, mapOf("country", []byte{0x20, 0x00}), metadata(1)),
		"names within themselves":    file(leafTree, mapOf("city", mapOf("names", []byte{0x20, 0x00})), metadata(1)),
		"string beyond the end":      file(leafTree, mapOf("city", []byte{0x5f, 0xff, 0xff, 0xff}), metadata(1)),
		"key beyond the end":         file(leafTree, []byte{0xe1, 0x5f, 0xff, 0xff, 0xff}, metadata(1)),
		"key is no string":           file(leafTree, []byte{0xe1, 0xe0, 0xe0}, metadata(1)),
		"key is no UTF-8":            file(leafTree, mapOf("\xff\xfe", text("x")), metadata(1)),
		"bytes beyond the end":       file(leafTree, mapOf("city", []byte{0x9f, 0xff, 0xff, 0xff}), metadata(1)),
		"huge map":                   file(leafTree, []byte{0xff, 0xff, 0xff, 0xff}, metadata(1)),
		"huge array":                 file(leafTree, mapOf("x", []byte{0x1f, 0x04, 0xff, 0xff, 0xff}), metadata(1)),
		"float of three bytes":       file(leafTree, mapOf("latitude", []byte{0x63, 1, 2, 3}), metadata(1)),
		"integer of nine bytes":      file(leafTree, mapOf("asn", []byte{0x09, 0x02, 1, 2, 3, 4, 5, 6, 7, 8, 9}), metadata(1)),
		"unknown type":               file(leafTree, mapOf("city", []byte{0x00, 0xff}), metadata(1)),
		"deep maps":                  file(leafTree, bytes.Repeat([]byte{0xe1, 0x41, 'x'}, 1<<20), metadata(1)),
		"deep arrays":                file(leafTree, mapOf("x", bytes.Repeat([]byte{0x01, 0x04}, 1<<20)), metadata(1)),
		"deep countries":             file(leafTree, bytes.Repeat(mapOf("country", nil), 1<<17), metadata(1)),
		"one field a million times":  file(leafTree, repeated("country"), metadata(1)),
		"another a million times":    file(leafTree, repeated("city"), metadata(1)),
		"locations a million times":  file(leafTree, repeated("location"), metadata(1)),
		"long text":                  file(leafTree, mapOf("city", longText(1<<20)), metadata(1)),
	} {
		survive(t, name, func() { try(b) })
	}
}

const marker = "\xab\xcd\xefMaxMind.com"

// leafTree is a search tree in which all addresses lead to the first record.
var leafTree = []byte{0, 0, 17, 0, 0, 17}

// ladder is a tree in which both ways lead from each node to the next, and in
// the end to target: as many networks as two to the power of nodes.
func ladder(nodes, target uint32) (tree []byte) {
	for i := range nodes {
		next := i + 1
		if next == nodes {
			next = target
		}
		node := binary.BigEndian.AppendUint32(nil, next)[1:]
		tree = append(append(tree, node...), node...)
	}
	return tree
}

// file puts the parts of a database together.
func file(tree, data, metadata []byte) []byte {
	return bytes.Join([][]byte{tree, make([]byte, 16), data, []byte(marker), metadata}, nil)
}

func metadata(nodes uint64) []byte {
	return append([]byte{0xe7}, bytes.Join([][]byte{
		text("node_count"), integer(nodes),
		text("record_size"), integer(24),
		text("ip_version"), integer(6),
		text("database_type"), text("Test"),
		text("build_epoch"), integer(epoch),
		text("binary_format_major_version"), integer(2),
		text("binary_format_minor_version"), integer(0),
	}, nil)...)
}

func integer(n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{0x08, 0x02}, n) }

// text encodes a string of up to 28 bytes.
func text(s string) []byte { return append([]byte{0x40 | byte(len(s))}, s...) }

func longText(n uint32) []byte {
	size := binary.BigEndian.AppendUint32(nil, n-65821)[1:]
	return append(append([]byte{0x5f}, size...), bytes.Repeat([]byte("x"), int(n))...)
}

func mapOf(key string, value []byte) []byte {
	return append(append([]byte{0xe1}, text(key)...), value...)
}

// repeated is a map of a thousand times the same key, each with a pointer to
// one map of a million entries: a billion in four megabytes.
func repeated(key string) []byte {
	const outer, inner = 1000, 1 << 20
	entry := append(text(key), 0x38, 0, 0, 0, 0)
	b := append([]byte{0xfe}, binary.BigEndian.AppendUint16(nil, outer-285)...)
	binary.BigEndian.PutUint32(entry[len(entry)-4:], uint32(len(b)+outer*len(entry)))
	b = append(b, bytes.Repeat(entry, outer)...)
	b = append(append(b, 0xff), binary.BigEndian.AppendUint32(nil, inner-65821)[1:]...)
	return append(b, bytes.Repeat([]byte{0x41, 'x', 0x40}, inner)...)
}
