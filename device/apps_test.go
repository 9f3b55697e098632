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
		{"acme-agent/2", "acme-agent (command line)", "acme-agent 2"},
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
