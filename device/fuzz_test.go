package device_test

import (
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/signedin/signedin/device"
)

// checkClean fails if a field of the device is not fit to be shown.
func checkClean(t *testing.T, d device.Device) {
	t.Helper()
	for i, v := 0, reflect.ValueOf(d); i < v.NumField(); i++ {
		if v.Field(i).Kind() != reflect.String {
			continue
		}
		name, s := v.Type().Field(i).Name, v.Field(i).String()
		if len(s) > 64 || !utf8.ValidString(s) {
			t.Errorf("%s is %q, %d bytes", name, s, len(s))
		}
		for _, r := range s {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
				t.Errorf("%s is %q, which holds %U", name, s, r)
			}
		}
	}
	if d.Kind == "" || d.Title() == "" {
		t.Errorf("got kind %q and title %q", d.Kind, d.Title())
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range clients {
		f.Add(c.userAgent, "", "", "")
	}
	f.Add(hinted.UserAgent, hinted.FullVersions, hinted.Model, hinted.PlatformVersion)
	f.Add("Mozilla/5.0 (Linux; Android 13; \u202egnp.exe) <script>\x1b[31m\x00", `"\"";v="1`, "\"\u200b\"", "1e9")
	f.Add(strings.Repeat("((", 1<<19), strings.Repeat(`"a",`, 1<<10), "K", "?1")
	p := device.New(device.Config{CacheSize: -1})
	f.Fuzz(func(t *testing.T, userAgent, brands, model, version string) {
		h := device.Hints{
			UserAgent: userAgent, Brands: brands, FullVersions: brands, Mobile: version, Platform: model,
			PlatformVersion: version, Model: model, FormFactors: brands, AppModel: model, AppPlatform: version,
		}
		d := p.Parse(h)
		checkClean(t, d)
		checkClean(t, p.Parse(device.Hints{UserAgent: userAgent}))
		if again := p.Parse(h); again != d {
			t.Errorf("got %+v, then %+v", d, again)
		}
		if merged := device.Merge(d, d); merged != d {
			t.Errorf("merged with itself: got %+v, want %+v", merged, d)
		}
	})
}

func FuzzBrands(f *testing.F) {
	for _, list := range brandLists {
		f.Add(list.header)
	}
	f.Add(`"\\\"";v="1";v=2, ;;,="`)
	p := device.New(device.Config{CacheSize: -1})
	f.Fuzz(func(t *testing.T, list string) {
		checkClean(t, p.Parse(device.Hints{Brands: list, Platform: `"Windows"`}))
	})
}

func TestParseHugeInput(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"A", "(", "; ; ;", "(Linux; Android 13; ", "Mozilla/5.0 ", "\u202e", "bot ", "##", "[FBAN/"} {
		huge := strings.Repeat(part, 1<<20/len(part))
		checkClean(t, device.Parse(device.Hints{UserAgent: huge, Brands: huge, FullVersions: huge, Model: huge, Platform: huge, AppModel: huge}))
	}
}

func TestParseHostileText(t *testing.T) {
	t.Parallel()
	d := device.Parse(device.Hints{UserAgent: "Mozilla/5.0 (Linux; Android 13; \u202egnp.exe\x1b[31m) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36"})
	if want := "gnp.exe[31m"; d.Model != want {
		t.Errorf("got model %q, want %q", d.Model, want)
	}
}
