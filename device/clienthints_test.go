package device_test

import (
	"testing"

	"github.com/signedin/signedin/device"
)

const (
	windowsChrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36"
	androidChrome = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Mobile Safari/537.36"
	androidTablet = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36"
	macChrome     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36"
	linuxChrome   = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36"
)

// brandLists are values of Sec-CH-UA and Sec-CH-UA-Full-Version-List, with the
// entries that mean nothing in all their forms and places.
var brandLists = []struct{ header, browser, version string }{
	{`"Google Chrome";v="153", "Chromium";v="153", "Not_A Brand";v="24"`, "Chrome", "153"},
	{`" Not A;Brand";v="99", "Chromium";v="90", "Google Chrome";v="90"`, "Chrome", "90"},
	{`"Not)A;Brand";v="8", "Chromium";v="138", "Microsoft Edge";v="138"`, "Edge", "138"},
	{`"Chromium";v="128", "Not;A=Brand";v="24", "Opera";v="114"`, "Opera", "114"},
	{`"Opera";v="82", "OperaMobile";v="67", "Not.A/Brand";v="8", "Chromium";v="96"`, "Opera", "82"},
	{`"Brave";v="131", "Chromium";v="131", "Not_A Brand";v="24"`, "Brave", "131"},
	{`"Chromium";v="124", "Android WebView";v="124", "Not-A.Brand";v="99"`, "Chrome", "124"},
	{`"Samsung Internet";v="25.0", "Not?A_Brand";v="99", "Chromium";v="121"`, "Samsung Internet", "25"},
	{`"Chromium";v="136.0.7103.52", "YaBrowser";v="25.6.6.52", "Not.A/Brand";v="99.0.0.0", "Yowser";v="2.5"`, "Yandex Browser", "25.6"},
	{`"Placeholder;Browser Brand";v="99", "Chromium";v="84"`, "Chrome", "84"},
	{`"Not/A)Brand";v="8", "Chromium";v="126", "Wexond";v="5.2.0"`, "Wexond", "5.2"},
	{`"Chromium";v="130", "Quoted \"Brand\"";v="7"`, `Quoted "Brand"`, "7"},
	{`"Chromium"; v="130" ,"Vivaldi" ;v="7.0"`, "Vivaldi", "7"},
	{`"Brave`, "", ""},
	{`,,;;`, "", ""},
}

func TestBrands(t *testing.T) {
	t.Parallel()
	for _, list := range brandLists {
		d := device.Parse(device.Hints{FullVersions: list.header})
		if d.Browser != list.browser || d.BrowserVersion != list.version {
			t.Errorf("%s: got %q %q, want %q %q", list.header, d.Browser, d.BrowserVersion, list.browser, list.version)
		}
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	chrome := `"Google Chrome";v="153.0.7000.60", "Chromium";v="153.0.7000.60", "Not_A Brand";v="24.0.0.0"`
	for _, c := range []struct {
		name            string
		hints           device.Hints
		kind            device.Kind
		title, subtitle string
	}{
		{"Windows 11", device.Hints{UserAgent: windowsChrome, FullVersions: chrome, Platform: `"Windows"`, PlatformVersion: `"15.0.0"`},
			device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows 11"},
		{"Windows 11, first version", device.Hints{UserAgent: windowsChrome, Platform: `"Windows"`, PlatformVersion: `"13.0.0"`},
			device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows 11"},
		{"Windows 10, last version", device.Hints{UserAgent: windowsChrome, Platform: `"Windows"`, PlatformVersion: `"10.0.0"`},
			device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows 10"},
		{"Windows 10, first version", device.Hints{UserAgent: windowsChrome, Platform: `"Windows"`, PlatformVersion: `"1.0.0"`},
			device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows 10"},
		{"Windows 8.1", device.Hints{UserAgent: windowsChrome, Platform: `"Windows"`, PlatformVersion: `"0.3.0"`},
			device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows 8.1"},
		{"Windows 8", device.Hints{UserAgent: windowsChrome, Platform: `"Windows"`, PlatformVersion: `"0.2.0"`},
			device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows 8"},
		{"Windows 7", device.Hints{UserAgent: windowsChrome, Platform: `"Windows"`, PlatformVersion: `"0.1.0"`},
			device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows 7"},
		{"Windows, version unreadable", device.Hints{UserAgent: windowsChrome, Platform: `"Windows"`, PlatformVersion: `"x"`},
			device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows"},
		{"macOS", device.Hints{UserAgent: macChrome, Platform: `"macOS"`, PlatformVersion: `"15.3.1"`},
			device.KindDesktop, "Chrome on Mac", "Chrome 153 · macOS 15.3"},
		{"Linux, kernel version", device.Hints{UserAgent: linuxChrome, Platform: `"Linux"`, PlatformVersion: `"6.8.0"`},
			device.KindDesktop, "Chrome on Linux", "Chrome 153 · Linux"},
		{"Pixel 8", device.Hints{UserAgent: androidChrome, FullVersions: chrome, Platform: `"Android"`, PlatformVersion: `"16.0.0"`, Model: `"Pixel 8"`, Mobile: "?1"},
			device.KindPhone, "Chrome on Pixel 8", "Chrome 153 · Android 16"},
		{"Galaxy", device.Hints{UserAgent: androidChrome, Platform: `"Android"`, PlatformVersion: `"14"`, Model: `"SM-S918B"`, Mobile: "?1"},
			device.KindPhone, "Chrome on Samsung SM-S918B", "Chrome 153 · Android 14"},
		{"model K, which is none", device.Hints{UserAgent: androidChrome, Platform: `"Android"`, Model: `"K"`},
			device.KindPhone, "Chrome on Android", "Chrome 153 · Android"},
		{"model empty", device.Hints{UserAgent: androidChrome, Platform: `"Android"`, Model: `""`},
			device.KindPhone, "Chrome on Android", "Chrome 153 · Android"},
		{"tablet by its model", device.Hints{UserAgent: androidChrome, Platform: `"Android"`, Model: `"SM-X710"`, Mobile: "?1"},
			device.KindTablet, "Chrome on Samsung SM-X710", "Chrome 153 · Android"},
		{"tablet by its form", device.Hints{UserAgent: androidChrome, Platform: `"Android"`, FormFactors: `"Tablet"`},
			device.KindTablet, "Chrome on Android", "Chrome 153 · Android"},
		{"tablet by what it leaves out", device.Hints{UserAgent: androidTablet, Platform: `"Android"`, Mobile: "?0"},
			device.KindTablet, "Chrome on Android", "Chrome 153 · Android"},
		{"car", device.Hints{UserAgent: androidTablet, Platform: `"Android"`, FormFactors: `"Automotive", "Mobile"`},
			device.KindCar, "Chrome on Android", "Chrome 153 · Android"},
		{"Brave, which the User-Agent hides", device.Hints{UserAgent: linuxChrome, Brands: `"Brave";v="153", "Chromium";v="153"`, Platform: `"Linux"`},
			device.KindDesktop, "Brave on Linux", "Brave 153 · Linux"},
		{"Edge with its full version", device.Hints{UserAgent: windowsChrome + " Edg/153.0.0.0", FullVersions: `"Microsoft Edge";v="153.0.3500.1", "Chromium";v="153.0.7000.60"`},
			device.KindDesktop, "Edge on Windows", "Edge 153 · Windows"},
		{"Opera, which gives two versions", device.Hints{UserAgent: androidChrome + " OPR/67.1.0.0", Brands: `"Opera";v="82", "OperaMobile";v="67", "Chromium";v="96"`, Platform: `"Android"`},
			device.KindPhone, "Opera on Android", "Opera 67.1 · Android"},
		{"Facebook stays Facebook", device.Hints{UserAgent: androidChrome + " [FB_IAB/FB4A;FBAV/450.0.0.38.108;]", Brands: `"Android WebView";v="153", "Chromium";v="153"`, Platform: `"Android"`},
			device.KindPhone, "Facebook app on Android", "Facebook 450.0.0.38 · Android"},
		{"no User-Agent", device.Hints{Brands: chrome, Platform: `"Windows"`, Mobile: "?0"},
			device.KindDesktop, "Chrome on Windows", "Chrome 153 · Windows"},
		{"ChromeOS", device.Hints{UserAgent: "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36", Platform: `"Chrome OS"`, PlatformVersion: `"16328.55.0"`},
			device.KindDesktop, "Chrome on ChromeOS", "Chrome 150 · ChromeOS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := device.Parse(c.hints)
			if d.Kind != c.kind || d.Title() != c.title || d.Subtitle() != c.subtitle || d.Inconsistent {
				t.Errorf("got %s, %q, %q\nwant %s, %q, %q\n%+v", d.Kind, d.Title(), d.Subtitle(), c.kind, c.title, c.subtitle, d)
			}
		})
	}
}

func TestInconsistent(t *testing.T) {
	t.Parallel()
	d := device.Parse(device.Hints{UserAgent: windowsChrome, Platform: `"Linux"`, PlatformVersion: `"6.8.0"`})
	if !d.Inconsistent || d.OS != "Windows" {
		t.Errorf("got %+v, want an inconsistent Windows", d)
	}
}
