package immich_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/signedin/signedin/middleware/immich"
)

// stream turns bytes of the fuzzer into frames of a server that keeps to the
// rules.
func stream(spec []byte) []byte {
	var all []frame
	fragmented := false
	for len(spec) >= 2 {
		kind, size := spec[0], int(spec[1])
		spec = spec[2:]
		if kind&0x40 != 0 {
			size *= 300
		}
		f := frame{opText, kind&1 != 0, strings.Repeat("\x81", size)}
		switch {
		case kind&0x30 == 0x30:
			f = frame{opPing, true, f.payload[:min(size, 125)]}
		case kind == 0x80:
			return write(append(all, lastWords[2])...)
		case fragmented:
			f.opcode = opContinue
		}
		if f.opcode < 8 {
			fragmented = !f.final
		}
		all = append(all, f)
	}
	return write(all...)
}

// pieces reads as much at a time as the bytes say.
type pieces struct {
	r     io.Reader
	sizes []byte
}

func (p *pieces) Read(b []byte) (int, error) {
	n := len(b)
	if len(p.sizes) > 0 {
		n = min(n, 1+int(p.sizes[0]))
		p.sizes = append(p.sizes[1:], p.sizes[0])
	}
	return p.r.Read(b[:n])
}

// Whatever Immich sends in whatever pieces, and whenever the farewell comes, a
// strict client finds nothing wrong; and if Immich keeps to the end of its
// frames, the client gets the last words.
func FuzzSocket(f *testing.F) {
	f.Add([]byte{1, 10, 0, 200, 0x30, 5, 0x41, 255, 1, 0}, []byte{0, 3, 200}, []byte{7}, uint16(20), true)
	f.Add([]byte{0, 1, 0x80, 0}, []byte{}, []byte{}, uint16(2), false)
	f.Fuzz(func(t *testing.T, spec, sizes, asks []byte, at uint16, socketIO bool) {
		sent := stream(spec)
		s := immich.NewSocket(&pipe{in: &pieces{bytes.NewReader(sent), sizes}}, socketIO)
		client := &pieces{s, asks}
		before, err := io.ReadAll(io.LimitReader(client, int64(at)))
		if err != nil {
			t.Fatal(err)
		}
		done := s.Farewell(sessionID)
		after, err := io.ReadAll(client)
		if err != nil {
			t.Fatal(err)
		}
		<-done
		whole, _, _ := read(sent)
		got, cut, err := read(append(before, after...))
		if err != nil || cut {
			t.Fatalf("the client fails: %v, cut off: %v", err, cut)
		}
		checkEnd(t, whole, got, socketIO)
	})
}

// checkEnd checks that got is a beginning of sent and then the last words.
func checkEnd(t *testing.T, sent, got []frame, socketIO bool) {
	t.Helper()
	same := 0
	for same < len(sent) && same < len(got) && sent[same] == got[same] {
		same++
	}
	tail := got[same:]
	inside := false
	for _, f := range got[:same] {
		if f.opcode < 8 {
			inside = !f.final
		}
	}
	want := lastWords
	switch {
	case same > 0 && got[same-1].opcode == opClose:
		want = nil
	case inside || !socketIO: // Immich's own message never ended
		want = lastWords[2:]
	}
	if !slices.Equal(tail, want) {
		t.Errorf("got %v at the end, want %v", tail, want)
	}
}

// FuzzFrames feeds bytes that need not be frames.
func FuzzFrames(f *testing.F) {
	f.Add(write(messages...), uint16(100))
	f.Add([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5}, uint16(3))
	f.Fuzz(func(t *testing.T, sent []byte, at uint16) {
		s := immich.NewSocket(&pipe{in: bytes.NewReader(sent)}, true)
		before, _ := io.ReadAll(io.LimitReader(s, int64(at)))
		s.Farewell(sessionID)
		after, err := io.ReadAll(s)
		if err != nil {
			t.Fatal(err)
		}
		got := append(before, after...)
		n := 0
		for n < len(sent) && n < len(got) && sent[n] == got[n] {
			n++
		}
		if words := write(lastWords...); len(got)-n > len(words) {
			t.Errorf("got %q after what was sent", got[n:])
		}
	})
}
