package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// open returns what is in a file, which may be compressed, from its first letter on.
func open(in io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(in, 64<<10)
	start, _ := b.Peek(3)
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		plain, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		b = bufio.NewReaderSize(plain, 64<<10)
		start, _ = b.Peek(3)
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}), bytes.HasPrefix(start, []byte{0xfe, 0xff}):
		return nil, errors.New("it is UTF-16: save it as UTF-8")
	}
	if string(start) == "\ufeff" {
		_, _ = b.Discard(3) // Excel begins so
	}
	for {
		first, err := b.Peek(1)
		if err != nil || !strings.Contains(" \t\r\n", string(first)) {
			return b, nil
		}
		_, _ = b.Discard(1)
	}
}

// separator returns what is between the columns of a table: a comma, unless there are
// more semicolons or tabs in its first line.
func separator(line []byte) rune {
	best, most := ',', bytes.Count(line, []byte(","))
	for _, c := range ";\t" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// maxLine bounds a line.
const maxLine = 1 << 20

// eachLine calls each with every line that is not blank. One that is too long is an
// error, after which it goes on with the next.
func eachLine(in *bufio.Reader, each func(n int, line string, err error) error) error {
	var line []byte
	for n := 1; ; n++ {
		line = line[:0]
		long := false
		for more := true; more; {
			part, prefix, err := in.ReadLine()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
			if long = long || len(line)+len(part) > maxLine; !long {
				line = append(line, part...)
			}
			more = prefix
		}
		var err error
		if long {
			err = fmt.Errorf("longer than %d bytes", maxLine)
		} else if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := each(n, string(line), err); err != nil {
			return err
		}
	}
}
