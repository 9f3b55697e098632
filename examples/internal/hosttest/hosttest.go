// Package hosttest runs the programs of examples in their tests.
package hosttest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
)

// Program is one that runs.
type Program struct {
	Site   string
	Told   []string // before it served
	Stderr bytes.Buffer
	Stop   func() error
}

// Launch returns once the program serves, which it says by a line "Open URL".
func Launch(t *testing.T, run func(ctx context.Context, stdout, stderr io.Writer) error) (*Program, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	p := new(Program)
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, in, &p.Stderr)
		in.Close()
		ended <- err
	}()
	p.Stop = func() error {
		cancel()
		return <-ended
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if at, ok := strings.CutPrefix(lines.Text(), "Open "); ok {
			p.Site = at
			return p, nil
		}
		p.Told = append(p.Told, lines.Text())
	}
	return nil, p.Stop()
}

// End stops the program, which must end well.
func (p *Program) End(t *testing.T) {
	t.Helper()
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}
