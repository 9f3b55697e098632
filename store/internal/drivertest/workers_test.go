package drivertest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
)

// workers starts processes that share one database.
func workers(t *testing.T, n int, in instance) []*process {
	t.Helper()
	all := make([]*process, n)
	for i := range all {
		program := os.Args[0]
		if i == 1 && in.Previous != "" {
			program = in.Previous
		}
		all[i] = startProcess(t, program, in)
	}
	return all
}

// process is a worker in a process of its own.
type process struct {
	in      *json.Encoder
	numbers atomic.Int64

	mu      sync.Mutex
	waiting map[int64]chan reply
	gone    error
	told    bytes.Buffer // what it said instead of a reply
}

// startProcess has a program be a worker, until the test ends.
func startProcess(t *testing.T, program string, in instance) *process {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestWorker$", "-test.count=1")
	cmd.Env = append(os.Environ(), workerEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	p := &process{in: json.NewEncoder(stdin), waiting: make(map[int64]chan reply)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.read(stdout)
	}()
	t.Cleanup(func() {
		_ = stdin.Close() // it ends then
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("worker: %v: %s", err, &p.told)
		}
	})
	return p
}

// read hands each reply to who waits for it.
func (p *process) read(from io.Reader) {
	replies := json.NewDecoder(from)
	for {
		var a reply
		err := replies.Decode(&a)
		p.mu.Lock()
		if err != nil {
			p.gone = fmt.Errorf("worker: %w", err)
			for _, c := range p.waiting {
				close(c)
			}
			p.mu.Unlock()
			_, _ = io.Copy(&p.told, io.MultiReader(replies.Buffered(), from))
			return
		}
		c := p.waiting[a.N]
		delete(p.waiting, a.N)
		p.mu.Unlock()
		c <- a
	}
}

// ask returns the reply to q. What was asked after it had been answered began
// after what it asked for was done.
func (p *process) ask(q question) (reply, error) {
	c := make(chan reply, 1)
	q.N = p.numbers.Add(1)
	p.mu.Lock()
	err := p.gone
	if err == nil {
		p.waiting[q.N] = c
		err = p.in.Encode(q)
	}
	p.mu.Unlock()
	if err != nil {
		return reply{}, err
	}
	a, ok := <-c
	switch {
	case !ok:
		return reply{}, errors.New("worker: gone")
	case a.Err != "":
		return a, errors.New(a.Err)
	}
	return a, nil
}
