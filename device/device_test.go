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

func TestIsSameBrowser(t *testing.T) {
	t.Parallel()
	const (
		phoneSamsung  = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/30.0 Chrome/142.0.0.0 Mobile Safari/537.36"
		siteSamsung   = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/30.0 Chrome/142.0.0.0 Safari/537.36"
		phoneChromium = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Mobile/15E148 Safari/604.1"
		siteChromium  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Safari/605.1.15"
		linuxFirefox  = "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"
	)
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{androidChrome, androidChrome, true},
		{androidChrome, linuxChrome, true},
		{ipadSafari, macSafari, true},
		{phoneSamsung, siteSamsung, true},
		{phoneChromium, siteChromium, true},
		{androidChrome, windowsChrome, false},
		{androidChrome, linuxFirefox, false},
		{androidChrome, androidTablet, false},
		{ipadSafari, macChrome, false},
		{linuxChrome, macChrome, false},
		{"curl/8.5.0", "curl/8.6.0", true},
	} {
		a, b := parse(c.a).Family(), parse(c.b).Family()
		if a.IsSameBrowser(b) != c.want || b.IsSameBrowser(a) != c.want {
			t.Errorf("%+v and %+v: got %t and %t, want %t", a, b, a.IsSameBrowser(b), b.IsSameBrowser(a), c.want)
		}
	}
}
