package device_test

import (
	"encoding/json"
	"testing"

	"github.com/signedin/signedin/device"
)

func TestFamilyOutlivesUpdates(t *testing.T) {
	t.Parallel()
	chrome := device.Parse(hinted).Family()
	if want := (device.Family{Kind: device.KindPhone, Product: "Chrome", OS: "Android"}); chrome != want {
		t.Errorf("got %+v, want %+v", chrome, want)
	}
	if got := parse(androidChrome).Family(); got != chrome {
		t.Errorf("without hints: got %+v, want %+v", got, chrome)
	}
	if got := parse(windowsChrome).Family(); got == chrome {
		t.Errorf("on Windows: got the same, %+v", got)
	}
}

func TestDeviceSurvivesJSON(t *testing.T) {
	t.Parallel()
	want := device.Parse(hinted)
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got device.Device
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
