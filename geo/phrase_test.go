package geo_test

import (
	"testing"

	"github.com/signedin/signedin/geo"
)

func TestCountryPhrase(t *testing.T) {
	for code, want := range map[string]string{
		"NL": "the Netherlands", "US": "the United States", "GB": "the United Kingdom", "PH": "the Philippines", "DO": "the Dominican Republic",
		"FO": "the Faroe Islands", "IO": "the British Indian Ocean Territory", "NO": "Norway", "HK": "Hong Kong", "VA": "Vatican City", "": "", "XX": "",
	} {
		if got := geo.CountryPhrase(code); got != want {
			t.Errorf("%q: got %q, want %q", code, got, want)
		}
	}
}
