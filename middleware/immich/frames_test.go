package immich_test

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const sessionID = "dd96a787-a4fe-4f73-8b6a-149db4d81ece"

// frame is a frame as a client reads it.
type frame struct {
	opcode  byte
	final   bool
	payload string
}

const (
	opContinue = 0
	opText     = 1
	opClose    = 8
	opPing     = 9
)

var lastWords = []frame{
	{opText, true, `42["on_session_delete","` + sessionID + `"]`},
	{opText, true, "41"},
	{opClose, true, "\x03\xe8"},
}

// write returns the frames as a server writes them.
func write(frames ...frame) (b []byte) {
	for _, f := range frames {
		first := f.opcode
		if f.final {
			first |= 0x80
		}
		b = append(b, first)
		switch n := len(f.payload); {
		case n < 126:
			b = append(b, byte(n))
		case n < 1<<16:
			b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
		default:
			b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
		}
		b = append(b, f.payload...)
	}
	return b
}

// read reads frames as a strict client does (RFC 6455, 5.2 and 5.4). The last
// one may be cut off, which the second value tells.
func read(b []byte) (all []frame, cut bool, err error) {
	fragmented, closed := false, false
	for len(b) > 0 {
		f, size, ok := readOne(b)
		control := f.opcode >= 8
		switch {
		case closed:
			return all, false, errors.New("a frame after a close frame")
		case f.opcode&0x70 != 0:
			return all, false, errors.New("a reserved bit is set")
		case !control && fragmented != (f.opcode == opContinue):
			return all, false, fmt.Errorf("opcode %d, inside of a message: %v", f.opcode, fragmented)
		case control && !f.final:
			return all, false, errors.New("a control frame in fragments")
		case !ok:
			return all, true, nil
		}
		if !control {
			fragmented = !f.final
		}
		closed = f.opcode == opClose
		all = append(all, f)
		b = b[size:]
	}
	return all, false, nil
}

// readOne reads a frame; not ok means that it is cut off.
func readOne(b []byte) (f frame, size int, ok bool) {
	f = frame{opcode: b[0] & 0x7f, final: b[0]&0x80 != 0}
	if len(b) < 2 {
		return f, 0, false
	}
	n, head := uint64(b[1]&0x7f), 2
	switch n {
	case 126:
		if head = 4; len(b) >= head {
			n = uint64(binary.BigEndian.Uint16(b[2:]))
		}
	case 127:
		if head = 10; len(b) >= head {
			n = binary.BigEndian.Uint64(b[2:])
		}
	}
	if len(b) < head || uint64(len(b)-head) < n {
		return f, 0, false
	}
	f.payload = string(b[head : head+int(n)])
	return f, head + int(n), true
}
