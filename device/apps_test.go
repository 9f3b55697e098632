package device_test

import (
	"testing"

	"github.com/signedin/signedin/device"
)

func TestAppHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		userAgent, model, platform string
		kind                       device.Kind
		title                      string
	}{
		{"immich-android/2.7.5", "Pixel 8", "Android", device.KindPhone, "Immich app on Pixel 8"},
		{"immich-android/2.7.5", "SM-X710", "Android", device.KindTablet, "Immich app on Samsung SM-X710"},
		{"immich-ios/2.7.5", "iPhone15,2", "iOS", device.KindPhone, "Immich app on iPhone 14 Pro"},
		{"immich-ios/2.7.5", "iPhone99,9", "iOS", device.KindPhone, "Immich app on iPhone"},
		{"immich-ios/2.7.5", "iPad14,1", "iOS", device.KindTablet, "Immich app on iPad"},
		{"immich-unknown/2.7.5", "", "Unknown", device.KindApp, "Immich app"},
		{"Dart/3.5 (dart:io)", "Pixel 8", "Android", device.KindPhone, "App on Pixel 8"},
	} {
		d := device.Parse(device.Hints{UserAgent: c.userAgent, AppModel: c.model, AppPlatform: c.platform})
		if d.Kind != c.kind || d.Title() != c.title || d.Inconsistent {
			t.Errorf("%s %s: got %s, %q, want %s, %q", c.userAgent, c.model, d.Kind, d.Title(), c.kind, c.title)
		}
	}
}

func TestAppHeadersContradict(t *testing.T) {
	t.Parallel()
	d := device.Parse(device.Hints{UserAgent: "immich-android/2.7.5", AppModel: "iPhone15,2", AppPlatform: "iOS"})
	if !d.Inconsistent || d.Model != "" {
		t.Errorf("got %+v, want it inconsistent and without a model", d)
	}
}

func TestHostApps(t *testing.T) {
	t.Parallel()
	p := device.New(device.Config{Apps: []device.App{
		{Name: "Acme Notes", Pattern: "AcmeNotes/{version} (Android)*", OS: "Android"},
		{Name: "Acme Sync", Pattern: "acme-sync v{version}"},
		{Name: "Acme", Pattern: "acme-agent"},
	}})
	for _, c := range []struct{ userAgent, title, subtitle string }{
		{"AcmeNotes/4.1.0 (Android) okhttp/4.12.0", "Acme Notes app on Android", "Acme Notes 4.1.0 · Android"},
		{"acme-sync v2.0", "Acme Sync app", "Acme Sync 2.0"},
		{"acme-agent", "Acme app", "Acme"},
		{"acme-agent/2", "acme-agent (command line)", "acme-agent 2"}, // agents are no apps,
		{"immich-ios/3.1.0", "Immich app on iOS", "Immich 3.1.0 · iOS"},
	} {
		d := p.Parse(device.Hints{UserAgent: c.userAgent})
		if d.Title() != c.title || d.Subtitle() != c.subtitle {
			t.Errorf("%s: got %q, %q, want %q, %q", c.userAgent, d.Title(), d.Subtitle(), c.title, c.subtitle)
		}
	}
}

func TestNewPanicsOnBadApp(t *testing.T) {
	t.Parallel()
	for _, app := range []device.App{{}, {Name: "Acme"}, {Name: "Acme", Pattern: "{version}"}, {Pattern: "acme/{version}"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New accepted %+v", app)
				}
			}()
			device.New(device.Config{Apps: []device.App{app}})
		}()
	}
}

// Web views of Android name their app by its package.
func TestRequestedWith(t *testing.T) {
	t.Parallel()
	view := "Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/AP4A.250105.002; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0.0.0 Mobile Safari/537.36"
	for _, c := range []struct{ userAgent, from, title string }{
		{view, "", "App on Pixel 9"},
		{view, "XMLHttpRequest", "App on Pixel 9"},
		{view, "org.telegram.messenger", "Telegram app on Pixel 9"},
		{view, "com.facebook.katana", "Facebook app on Pixel 9"},
		{view, "com.example.notes.android", "Notes app on Pixel 9"},
		{view, "de.example.familyAlbum", "FamilyAlbum app on Pixel 9"},
		{view, "com.duckduckgo.mobile.android", "DuckDuckGo on Pixel 9"},
		{view, "com.example.fastBrowser", "Fast Browser on Pixel 9"},
		{view, "<b>.x", "App on Pixel 9"},
		{view, "a..b", "App on Pixel 9"},
		{view, ".", "App on Pixel 9"},
		{androidChrome, "org.telegram.messenger", "Telegram app on Android"},
		{view + " [FB_IAB/Orca-Android;FBAV/331.0.0.15.119;]", "com.example.notes", "Messenger app on Pixel 9"},
		{windowsChrome, "com.example.notes", "Chrome on Windows"},
	} {
		if got := device.Parse(device.Hints{UserAgent: c.userAgent, RequestedWith: c.from}).Title(); got != c.title {
			t.Errorf("%s: got %q, want %q", c.from, got, c.title)
		}
	}
}

func TestOwnHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hints           device.Hints
		kind            device.Kind
		title, subtitle string
	}{
		{device.Hints{UserAgent: "okhttp/4.12.0", AppName: "Photos", AppVersion: "3.2", AppModel: "Pixel 9", AppPlatform: "android"}, device.KindPhone, "Photos app on Pixel 9", "Photos 3.2 · Android"},
		{device.Hints{UserAgent: "Photos/812 CFNetwork/1494.0.7 Darwin/23.4.0", AppName: "Photos", AppVersion: "3.2", AppModel: "iPhone17,1", AppPlatform: "iOS"}, device.KindPhone, "Photos app on iPhone 16 Pro", "Photos 3.2 · iOS 17"},
		{device.Hints{UserAgent: "Go-http-client/2.0", AppName: "Photos Sync", AppVersion: "1.0"}, device.KindApp, "Photos Sync app", "Photos Sync 1.0"},
		{device.Hints{UserAgent: "immich-ios/3.2.1", AppModel: "MacBookAir10,1", AppPlatform: "iOS"}, device.KindDesktop, "Immich app on MacBook Air", "Immich 3.2.1 · iOS"},
		{device.Hints{UserAgent: "immich-ios/3.2.1", AppModel: "arm64", AppPlatform: "iOS"}, device.KindApp, "Immich app on iOS", "Immich 3.2.1 · iOS"},
		{device.Hints{UserAgent: "immich-unknown/unknown", AppModel: "unknown", AppPlatform: "unknown"}, device.KindApp, "Immich app", "Immich"},
		{device.Hints{UserAgent: "Googlebot/2.1", AppName: "Photos"}, device.KindBot, "Googlebot (bot)", "Googlebot 2.1"},
	} {
		d := device.Parse(c.hints)
		if d.Kind != c.kind || d.Title() != c.title || d.Subtitle() != c.subtitle {
			t.Errorf("%+v: got %s, %q, %q, want %s, %q, %q", c.hints, d.Kind, d.Title(), d.Subtitle(), c.kind, c.title, c.subtitle)
		}
	}
}

// A rule that is open at the end leaves the device to what follows.
func TestHostAppNamesItsDevice(t *testing.T) {
	t.Parallel()
	p := device.New(device.Config{Apps: []device.App{
		{Name: "Family Photos", Pattern: "photos-ios/{version}*", OS: "iOS"},
		{Name: "Family Photos", Pattern: "photos-android/{version}*"},
	}})
	for _, c := range []struct {
		userAgent       string
		kind            device.Kind
		title, subtitle string
	}{
		{"photos-ios/2.0", device.KindApp, "Family Photos app on iOS", "Family Photos 2.0 · iOS"},
		{"photos-ios/2.0 (iPhone17,1; iOS 26.1)", device.KindPhone, "Family Photos app on iPhone 16 Pro", "Family Photos 2.0 · iOS 26.1"},
		{"photos-ios/2.0 (iPad13,18; iPadOS 18.2)", device.KindTablet, "Family Photos app on iPad", "Family Photos 2.0 · iOS 18.2"},
		{"photos-android/2.1 (Android 15; SM-X710)", device.KindTablet, "Family Photos app on Samsung SM-X710", "Family Photos 2.1 · Android 15"},
		{"photos-ios/2.0 (Android 15; SM-X710)", device.KindApp, "Family Photos app on iOS", "Family Photos 2.0 · iOS"}, // whoever that is
	} {
		d := p.Parse(device.Hints{UserAgent: c.userAgent})
		if d.Kind != c.kind || d.Title() != c.title || d.Subtitle() != c.subtitle {
			t.Errorf("%s: got %s, %q, %q, want %s, %q, %q", c.userAgent, d.Kind, d.Title(), d.Subtitle(), c.kind, c.title, c.subtitle)
		}
	}
}
