package immich

import "encoding/binary"

// Opcodes of WebSocket frames (RFC 6455, 5.2).
const (
	opText  = 0x1
	opClose = 0x8
)

// normalClosure is the payload of a close frame with status 1000: clients that
// connect again by themselves do so after most others.
var normalClosure = []byte{1000 >> 8, 1000 & 0xff}

// frames follows the frames of one direction of a WebSocket, in pieces of any
// size. It looks at their headers only. The zero value is at the start.
type frames struct {
	head [14]byte
	n    int    // bytes of the header that are known; 0 between frames and in a payload
	left uint64 // bytes of the payload that are to come

	final, control, close bool // of the frame in which we are

	fragmented bool // a message has begun and goes on in a later frame
	closed     bool // a close frame has passed: no other may follow
	spoken     bool // a frame has passed that says more than engine.io's pings and pongs, which are one letter
}

// inside reports whether a frame has begun and has not ended.
func (f *frames) inside() bool { return f.n > 0 || f.left > 0 }

// skip follows all of p.
func (f *frames) skip(p []byte) {
	for len(p) > 0 {
		p = p[f.next(p):]
	}
}

// next follows p to the end of a frame or its own, and returns how far that is,
// at least one byte.
func (f *frames) next(p []byte) (n int) {
	for f.left == 0 && n < len(p) {
		f.head[f.n] = p[n]
		f.n++
		n++
		if f.n >= 2 && f.n == f.headSize() {
			f.begin()
			if f.left == 0 {
				f.end()
				return n
			}
		}
	}
	took := min(uint64(len(p)-n), f.left)
	if took > 0 {
		if f.left -= took; f.left == 0 {
			f.end()
		}
	}
	return n + int(took)
}

// headSize returns how long the header is whose first two bytes are known.
func (f *frames) headSize() int {
	size := 2
	switch f.head[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if f.head[1]&0x80 != 0 { // masked
		size += 4
	}
	return size
}

// begin reads the header, which is complete.
func (f *frames) begin() {
	opcode := f.head[0] & 0x0f
	f.final, f.control, f.close = f.head[0]&0x80 != 0, opcode&0x8 != 0, opcode == opClose
	switch length := f.head[1] & 0x7f; length {
	case 126:
		f.left = uint64(binary.BigEndian.Uint16(f.head[2:]))
	case 127:
		f.left = binary.BigEndian.Uint64(f.head[2:])
	default:
		f.left = uint64(length)
	}
	f.n = 0
	f.spoken = f.spoken || !f.control && f.left > 1
}

func (f *frames) end() {
	if !f.control {
		f.fragmented = !f.final
	}
	f.closed = f.closed || f.close
}

// appendFrame appends a whole message of a server, which does not mask.
func appendFrame(b []byte, opcode byte, payload []byte) []byte {
	b = append(b, 0x80|opcode)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}
