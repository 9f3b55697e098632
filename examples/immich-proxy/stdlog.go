package main

import (
	"bytes"
	"io"
)

// withoutBodies is where the log of the standard library goes. net/http writes there
// the beginning of what a server sends that nobody has asked for: a part of somebody's
// answer, which is no business of a log.
type withoutBodies struct{ io.Writer }

var unsolicited = []byte("Unsolicited response received on idle HTTP channel")

func (w withoutBodies) Write(line []byte) (int, error) {
	if at := bytes.Index(line, unsolicited); at >= 0 {
		short := append(bytes.Clone(line[:at+len(unsolicited)]), '\n')
		if _, err := w.Writer.Write(short); err != nil {
			return 0, err
		}
		return len(line), nil
	}
	return w.Writer.Write(line)
}
