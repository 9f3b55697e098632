package immich

import (
	"net/http"
	"time"
)

// BePatient has questions to Immich wait for a machine that does much else.
func BePatient(d time.Duration) { askTimeout, askWait = d, d }

// Judge returns the token that is judged of a request, and makes of the request
// what is passed on of its credentials.
func Judge(r *http.Request) string {
	c := find(r)
	if !c.clean {
		strip(r)
		c.put(r)
	}
	return c.token
}

// Redact is what is done to texts that are logged.
func Redact(text string) string { return redact(text) }

// Strip is what a request with a dead token goes through.
func Strip(r *http.Request) { strip(r) }
