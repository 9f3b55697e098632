package device_test

import (
	"testing"

	"github.com/signedin/signedin/device"
)

func parse(userAgent string) device.Device {
	return device.Parse(device.Hints{UserAgent: userAgent})
}

func TestMergeKeepsTheDevice(t *testing.T) {
	t.Parallel()
	immichAndroid := device.Parse(device.Hints{UserAgent: "immich-android/2.7.5", AppModel: "Pixel 8", AppPlatform: "Android"})
	immichIOS := device.Parse(device.Hints{UserAgent: "immich-ios/2.7.5", AppModel: "iPhone15,2", AppPlatform: "iOS"})
	chrome := device.Parse(hinted)
	for _, c := range []struct {
		name  string
		old   device.Device
		later string
	}{
		{"iOS video player", immichIOS, "AppleCoreMedia/1.0.0.21F90 (iPhone; U; CPU OS 17_5_1 like Mac OS X; en_us)"},
		{"iOS widget", immichIOS, "WidgetExtension/241 CFNetwork/1494.0.7 Darwin/23.4.0"},
		{"Android widget", immichAndroid, "Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/UD1A.231105.004)"},
		{"background upload", immichAndroid, "Dart/3.5 (dart:io)"},
		{"Chromecast", immichAndroid, "Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/90.0.4430.225 Safari/537.36 CrKey/1.56.500000"},
		{"another browser", chrome, windowsChrome},
		{"another browser on the same system", parse(linuxChrome), "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"},
		{"a reduced User-Agent", chrome, androidChrome},
		{"curl", chrome, "curl/8.5.0"},
		{"nothing", chrome, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := device.Merge(c.old, parse(c.later)); got != c.old {
				t.Errorf("got %+v\nwant %+v", got, c.old)
			}
		})
	}
}

func TestMergeRaises(t *testing.T) {
	t.Parallel()
	login := device.Parse(device.Hints{UserAgent: "immich-android/2.7.5", AppModel: "Pixel 8", AppPlatform: "Android"})
	oldLogin := device.Parse(device.Hints{UserAgent: "Dart/3.5 (dart:io)", AppModel: "Pixel 8", AppPlatform: "Android"})
	full := device.Parse(hinted)
	brave := device.Parse(device.Hints{UserAgent: linuxChrome, Brands: `"Brave";v="153", "Chromium";v="153"`, Platform: `"Linux"`})
	for _, c := range []struct {
		name            string
		old, later      device.Device
		title, subtitle string
	}{
		{"the app was updated", login, parse("immich-android/3.1.0"), "Immich app on Pixel 8", "Immich 3.1.0 · Android"},
		{"the app gives its name", oldLogin, parse("Immich_Android_1.133.1"), "Immich app on Pixel 8", "Immich 1.133.1 · Android"},
		{"the app gives its model", parse("immich-android/2.7.5"), login, "Immich app on Pixel 8", "Immich 2.7.5 · Android"},
		{"the browser was updated", parse("Mozilla/5.0 (X11; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0"), parse("Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"), "Firefox on Linux", "Firefox 152 · Linux"},
		{"the system was updated", parse("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"), parse("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"), "Safari on iPhone", "Safari 26.1 · iOS 26.1"},
		{"hints came", parse(androidChrome), full, "Chrome on Pixel 8", "Chrome 153 · Android 16"},
		{"hints name the browser", parse(linuxChrome), brave, "Brave on Linux", "Brave 153 · Linux"},
		{"nothing was known", parse(""), full, "Chrome on Pixel 8", "Chrome 153 · Android 16"},
		{"the zero Device", device.Device{}, full, "Chrome on Pixel 8", "Chrome 153 · Android 16"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := device.Merge(c.old, c.later)
			if got.Title() != c.title || got.Subtitle() != c.subtitle {
				t.Errorf("got %q, %q, want %q, %q\n%+v", got.Title(), got.Subtitle(), c.title, c.subtitle, got)
			}
		})
	}
}

func TestMergeKeepsTheBrowser(t *testing.T) {
	t.Parallel()
	chrome := parse(windowsChrome)
	edge := device.Parse(device.Hints{UserAgent: windowsChrome + " Edg/153.0.0.0", Brands: `"Microsoft Edge";v="153"`, Platform: `"Windows"`})
	if got := device.Merge(chrome, edge); got != chrome {
		t.Errorf("got %+v, want %+v", got, chrome)
	}
}

func TestMergeRaisesTheKind(t *testing.T) {
	t.Parallel()
	tablet := device.Parse(device.Hints{UserAgent: androidChrome, Platform: `"Android"`, FormFactors: `"Tablet"`})
	if got := device.Merge(parse(androidChrome), tablet); got.Kind != device.KindTablet {
		t.Errorf("got %s, want a tablet", got.Kind)
	}
	if got := device.Merge(tablet, parse(androidChrome)); got != tablet {
		t.Errorf("got %+v, want %+v", got, tablet)
	}
}

const (
	macSafari  = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15"
	ipadSafari = "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"
)

// An iPad that asks for desktop sites passes for a Mac, until it does not.
func TestMergeCorrectsAGuess(t *testing.T) {
	t.Parallel()
	ipad, mac := parse(ipadSafari), parse(macSafari)
	got := device.Merge(mac, ipad)
	if got.Title() != "Safari on iPad" || got.Kind != device.KindTablet || got.OS != "iOS" {
		t.Errorf("got %s, %q, want Safari on iPad", got.Kind, got.Title())
	}
	if again := device.Merge(got, mac); again != got {
		t.Errorf("back on the desktop site: got %+v, want %+v", again, got)
	}
	if got := device.Merge(ipad, mac); got != ipad {
		t.Errorf("the other way round: got %+v, want %+v", got, ipad)
	}
}

// What is certain is never corrected.
func TestMergeKeepsWhatIsCertain(t *testing.T) {
	t.Parallel()
	hintedMac := device.Parse(device.Hints{UserAgent: macChrome, Brands: `"Google Chrome";v="153", "Chromium";v="153"`, Platform: `"macOS"`, PlatformVersion: `"15.3.1"`})
	firefox := parse("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:152.0) Gecko/20100101 Firefox/152.0")
	app := device.Parse(device.Hints{UserAgent: "immich-ios/3.2.1", AppModel: "Mac14,2", AppPlatform: "iOS"})
	for _, c := range []struct {
		name  string
		old   device.Device
		later string
	}{
		{"Chrome on a Mac, by its hints", hintedMac, "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Mobile/15E148 Safari/604.1"},
		{"Firefox on a Mac, by its engine", firefox, "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/152.0 Mobile/15E148 Safari/604.1"},
		{"an app that names its Mac", app, "AppleCoreMedia/1.0.0.21F90 (iPad; U; CPU OS 17_5_1 like Mac OS X; en_us)"},
		{"another browser on the iPad", parse(macSafari), "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0 Mobile/15E148 Safari/604.1"},
		{"an iPhone, which passes for a Mac too", parse("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1"), macSafari},
	} {
		if got := device.Merge(c.old, parse(c.later)); got != c.old {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.old)
		}
	}
}

// Apple's HTTP library names an app by the number of its build, and the system
// by its first number.
func TestMergeKeepsTheVersionThatPeopleKnow(t *testing.T) {
	t.Parallel()
	own := []device.Device{
		device.Parse(device.Hints{UserAgent: "immich-ios/3.2.1", AppModel: "iPhone17,1", AppPlatform: "iOS"}),
		parse("Immich/3.2.1 (iPhone17,1; iOS 26.1)"),
	}
	library := parse("Immich/245 CFNetwork/3826.500.131 Darwin/25.1.0")
	for _, old := range own {
		got := device.Merge(old, library)
		if got.AppVersion != "3.2.1" || old.OSVersion != "" && got.OSVersion != old.OSVersion || got.Title() != "Immich app on iPhone 16 Pro" {
			t.Errorf("got %q, %q", got.Title(), got.Subtitle())
		}
		if back := device.Merge(library, old); back.AppVersion != "3.2.1" || back.Title() != "Immich app on iPhone 16 Pro" {
			t.Errorf("the other way round: got %q, %q", back.Title(), back.Subtitle())
		}
	}
	updated := device.Merge(own[1], parse("Immich/246 CFNetwork/3830.1 Darwin/26.0.0"))
	if updated.OSVersion != "27" || updated.AppVersion != "3.2.1" {
		t.Errorf("after an update of the system: got %q", updated.Subtitle())
	}
}
