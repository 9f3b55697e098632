// Command compare asks four parsers about the same User-Agents in one run, and
// writes what each says, for a scoring tool, and what it costs.
//
//	go run . ROWS.jsonl DIR
//
// ROWS has a JSON object with a "ua" a line. DIR gets signedin.jsonl,
// mssola.jsonl, mileusna.jsonl and uap.jsonl.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

// An answer is what one parser says of one User-Agent, in its own words.
type answer struct {
	Browser        string `json:"b"`
	BrowserVersion string `json:"bv"`
	OS             string `json:"o"`
	OSVersion      string `json:"ov"`
	Type           string `json:"t"`
	Brand          string `json:"br"`
	Model          string `json:"m"`
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: compare ROWS.jsonl DIR")
	}
	userAgents, err := read(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range parsers() {
		start := time.Now()
		answers := make([]answer, len(userAgents))
		for i, ua := range userAgents {
			answers[i] = p.parse(ua)
		}
		perRow := time.Since(start) / time.Duration(max(len(userAgents), 1))
		if err := write(filepath.Join(os.Args[2], p.name+".jsonl"), answers); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-10s %6d rows %10v a row\n", p.name, len(userAgents), perRow)
	}
}

func read(name string) (userAgents []string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct{ UA string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, err
		}
		userAgents = append(userAgents, row.UA)
	}
	return userAgents, lines.Err()
}

func write(name string, answers []answer) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	encoder := json.NewEncoder(w)
	for _, a := range answers {
		if err := encoder.Encode(a); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
