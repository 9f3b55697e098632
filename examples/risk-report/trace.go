package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// read calls each with every line and what is wrong with it. It returns what
// keeps it from reading on.
func read(in io.Reader, names *names, each func(line int, s event, err error) error) error {
	b, err := open(in)
	if err != nil {
		return err
	}
	first, err := b.Peek(1)
	switch {
	case err == nil && first[0] == '{':
		return readJSON(b, names, each)
	case err == nil && first[0] == '[':
		return readArray(b, names, each)
	}
	start, _ := b.Peek(4096)
	line, _, _ := bytes.Cut(start, []byte("\n"))
	if combined.Match(line) {
		return readCombined(b, each)
	}
	return readCSV(b, separator(line), names, each)
}

func readCSV(in io.Reader, comma rune, names *names, each func(int, event, error) error) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	r.Comma = comma
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	if err != nil {
		return fmt.Errorf("line 1: neither CSV, JSON nor an access log: %w", err)
	}
	head = slices.Clone(head)
	names.see(head)
	if err := names.check(); err != nil {
		return fmt.Errorf("line 1: %w", err)
	}
	for {
		fields, err := r.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &broken):
			if err := each(broken.Line, event{}, broken.Err); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		line, _ := r.FieldPos(0)
		row := make(map[string]string, len(head))
		for i, name := range head {
			row[fold(name)] = fields[i]
		}
		s, err := names.parse(row)
		if err := each(line, s, err); err != nil {
			return err
		}
	}
}

func readJSON(in *bufio.Reader, names *names, each func(int, event, error) error) error {
	return eachLine(in, func(n int, line string, err error) error {
		if err != nil {
			return each(n, event{}, err)
		}
		dec := json.NewDecoder(strings.NewReader(line))
		s, err := names.object(dec)
		if err == nil && dec.More() {
			err = errors.New("more than one object")
		}
		return each(n, s, err)
	})
}

// readArray reads one array of objects.
func readArray(in io.Reader, names *names, each func(int, event, error) error) error {
	dec := json.NewDecoder(in)
	if _, err := dec.Token(); err != nil {
		return err
	}
	for n := 1; dec.More(); n++ {
		s, err := names.object(dec)
		if broken := (*json.SyntaxError)(nil); errors.As(err, &broken) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("object %d: %w", n, err)
		}
		if err := each(n, s, err); err != nil {
			return err
		}
	}
	return nil
}

// object reads the next object. Of what is within others, the names are joined
// with dots.
func (n *names) object(dec *json.Decoder) (event, error) {
	var fields map[string]any
	dec.UseNumber()
	err := dec.Decode(&fields)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		err = errors.New("not an object")
	}
	if err != nil {
		return event{}, err
	}
	row := map[string]string{}
	flatten(row, "", fields)
	n.see(sortedKeys(row))
	return n.parse(row)
}

func flatten(row map[string]string, prefix string, fields map[string]any) {
	for name, v := range fields {
		name = prefix + fold(name)
		switch v := v.(type) {
		case nil:
		case map[string]any:
			flatten(row, name+".", v)
		case []any:
			if len(v) > 0 {
				row[name] = fmt.Sprint(v[0])
			}
		default:
			row[name] = fmt.Sprint(v)
		}
	}
}
