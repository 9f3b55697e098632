package middleware

import "time"

// BePatient has last words wait for a machine that does much else.
func BePatient(d time.Duration) { lastWords = d }

// TakenOver is takenOver.
var TakenOver = takenOver
