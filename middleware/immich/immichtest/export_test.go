package immichtest

import "time"

// Stamp is a time as it is answered.
func Stamp(t time.Time) any { return stamp(t) }
