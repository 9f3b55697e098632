package locale_test

import (
	"fmt"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/session/locale"
)

// A host's own language: what it has no text for is said in English.
func ExampleLocale() {
	swedish := &locale.Locale{
		Tag: "sv",
		Texts: map[string]string{
			"device.on":               "%s på %s",
			"problem.sign-in.heading": "Logga in",
			"page.minutes[one]":       "%d minut sedan",
			"page.minutes[other]":     "%d minuter sedan",
			"country.NO":              "Norge",
		},
		Plural: func(n int) string {
			if n == 1 {
				return "one"
			}
			return "other"
		},
	}
	fmt.Println(swedish.Device(device.Device{Browser: "Firefox", OS: "Linux"}))
	fmt.Println(swedish.Say("page.minutes", "%d minutes ago", 5))
	fmt.Println(swedish.Country("no"))
	fmt.Println(swedish.Device(device.Device{}))
	// Output:
	// Firefox på Linux
	// 5 minuter sedan
	// Norge
	// Unknown device
}
