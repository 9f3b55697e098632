package device_test

import (
	"fmt"

	"github.com/signedin/signedin/device"
)

func Example() {
	d := device.Parse(device.Hints{
		UserAgent:       "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/153.0.0.0 Safari/537.36",
		Platform:        `"Windows"`,
		PlatformVersion: `"15.0.0"`,
	})
	fmt.Println(d.Kind)
	fmt.Println(d.Title())
	fmt.Println(d.Subtitle())
	// Output:
	// desktop
	// Chrome on Windows
	// Chrome 153 · Windows 11
}

func ExampleParse_app() {
	d := device.Parse(device.Hints{
		UserAgent:   "immich-ios/3.1.0",
		AppModel:    "iPhone15,2",
		AppPlatform: "iOS",
	})
	fmt.Println(d.Title())
	// Output: Immich app on iPhone 14 Pro
}

func ExampleNew() {
	parser := device.New(device.Config{
		Apps: []device.App{{Name: "Acme Notes", Pattern: "AcmeNotes/{version} (Android)*", OS: "Android"}},
	})
	d := parser.Parse(device.Hints{UserAgent: "AcmeNotes/4.1.0 (Android) okhttp/4.12.0"})
	fmt.Println(d.Title())
	fmt.Println(d.Subtitle())
	// Output:
	// Acme Notes app on Android
	// Acme Notes 4.1.0 · Android
}

func ExampleMerge() {
	signIn := device.Parse(device.Hints{UserAgent: "immich-ios/2.7.5", AppModel: "iPhone15,2", AppPlatform: "iOS"})
	update := device.Parse(device.Hints{UserAgent: "immich-ios/3.1.0"})
	player := device.Parse(device.Hints{UserAgent: "AppleCoreMedia/1.0.0.21F90 (iPhone; U; CPU OS 17_5_1 like Mac OS X; en_us)"})
	d := device.Merge(device.Merge(signIn, update), player)
	fmt.Println(d.Title())
	fmt.Println(d.Subtitle())
	// Output:
	// Immich app on iPhone 14 Pro
	// Immich 3.1.0 · iOS
}

func ExampleDevice_Family() {
	old := device.Parse(device.Hints{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0"})
	updated := device.Parse(device.Hints{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"})
	fmt.Println(old.Family() == updated.Family())
	// Output: true
}

// A host that signs people in from an app of its own gives it a name by one
// line, and reads its model from headers that the app sends:
//
//	session.Config{Device: parser.Parse}
//	middleware.Config{Hints: func(r *http.Request, h device.Hints) device.Hints {
//		h.AppModel, h.AppPlatform = r.Header.Get("X-App-Model"), r.Header.Get("X-App-System")
//		return h
//	}}
func ExampleApp() {
	parser := device.New(device.Config{Apps: []device.App{{Name: "Photos", Pattern: "photos-ios/{version}*", OS: "iOS"}}})
	d := parser.Parse(device.Hints{UserAgent: "photos-ios/2.0", AppModel: "iPhone17,1", AppPlatform: "iOS"})
	fmt.Println(d.Title())
	fmt.Println(d.Subtitle())
	// Output:
	// Photos app on iPhone 16 Pro
	// Photos 2.0 · iOS
}

// An app whose User-Agent is its HTTP library's can name itself in headers.
func ExampleHints() {
	d := device.Parse(device.Hints{
		UserAgent: "okhttp/4.12.0",
		AppName:   "Photos", AppVersion: "2.0", AppModel: "Pixel 9", AppPlatform: "Android",
	})
	fmt.Println(d.Title())
	fmt.Println(d.Subtitle())
	// Output:
	// Photos app on Pixel 9
	// Photos 2.0 · Android
}
