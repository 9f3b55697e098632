package device_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/signedin/signedin/device"
)

// answer is one line of predictions, in the form that our scoring tool reads.
type answer struct {
	Browser        string `json:"b"`
	BrowserVersion string `json:"bv"`
	OS             string `json:"o"`
	OSVersion      string `json:"ov"`
	Type           string `json:"t"`
	Brand          string `json:"br"`
	Model          string `json:"m"`
}

// TestScore writes what Parse says of labelled User-Agents, one JSON object
// with a "ua" a line, for a scoring tool. DEVICE_ROWS names the file of rows,
// DEVICE_PREDICTIONS the directory that signedin.jsonl goes to.
func TestScore(t *testing.T) {
	rows, dir := os.Getenv("DEVICE_ROWS"), os.Getenv("DEVICE_PREDICTIONS")
	if rows == "" || dir == "" {
		t.Skip("DEVICE_ROWS and DEVICE_PREDICTIONS are not set")
	}
	in, err := os.Open(rows)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(filepath.Join(dir, "signedin.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	encoder := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct{ UA string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if err := encoder.Encode(predict(row.UA)); err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func predict(userAgent string) answer {
	d := device.Parse(device.Hints{UserAgent: userAgent})
	a := answer{d.Browser, d.BrowserVersion, d.OS, d.OSVersion, string(d.Kind), d.Brand, d.Model}
	if d.App != "" {
		a.Browser, a.BrowserVersion = d.App, d.AppVersion
	}
	switch d.Kind {
	case device.KindCLI:
		a.Type = "bot" // as the rows have it
	case device.KindWatch, device.KindHeadset:
		a.Type = "wearable"
	case device.KindCar:
		a.Type = "other"
	case device.KindUnknown:
		a.Type = ""
	}
	return a
}
