package session

import (
	"fmt"
	"strings"
	"time"
)

// Limits are how long a session lasts. A zero field takes the value of the
// [Preset].
type Limits struct {
	// Idle ends a session that was not seen for so long.
	Idle time.Duration
	// Absolute ends a session so long after its sign-in, whatever it does.
	Absolute time.Duration
	// Rotation replaces the secret of a cookie so often. Negative means never.
	Rotation time.Duration
	// StepUp is how long a proof of identity counts as recent, for what asks
	// for one.
	StepUp time.Duration
}

// A Preset is a named set of [Limits].
type Preset string

// The presets. "AAL" are the assurance levels of NIST SP 800-63B-4.
const (
	// PresetConsumer is for photo and media apps: 30 days idle, 180 days in
	// all. It deviates from the 30 days of AAL1.
	PresetConsumer Preset = "consumer"
	// PresetStandard is the default: 7 days idle, 30 days in all (AAL1).
	PresetStandard Preset = "standard"
	// PresetAAL2 is 1 hour idle, 24 hours in all (section 2.2.3).
	PresetAAL2 Preset = "aal2"
	// PresetAAL3 is 15 minutes idle, 12 hours in all (section 2.3.3).
	PresetAAL3 Preset = "aal3"
	// PresetHighValue is 5 minutes idle, 8 hours in all (OWASP Session
	// Management Cheat Sheet).
	PresetHighValue Preset = "high-value"
)

const day = 24 * time.Hour

// sharedIdle is the idle limit of a session on a shared computer, unless the
// limits are stricter.
const sharedIdle = time.Hour

// Limits returns the limits of the preset, or an error if there is none of
// that name. The empty preset is [PresetStandard].
func (p Preset) Limits() (Limits, error) {
	switch p {
	case PresetConsumer:
		return Limits{30 * day, 180 * day, day, 15 * time.Minute}, nil
	case PresetStandard, "":
		return Limits{7 * day, 30 * day, day, 15 * time.Minute}, nil
	case PresetAAL2:
		return Limits{time.Hour, day, time.Hour, 15 * time.Minute}, nil
	case PresetAAL3:
		return Limits{15 * time.Minute, 12 * time.Hour, 15 * time.Minute, 5 * time.Minute}, nil
	case PresetHighValue:
		return Limits{5 * time.Minute, 8 * time.Hour, 15 * time.Minute, 2 * time.Minute}, nil
	}
	return Limits{}, fmt.Errorf("session: Config.Preset: unknown preset %q", string(p))
}

// Describe writes the limits down as ASVS 5.0 7.1.1 asks, a line each, and
// says where they deviate from AAL1 of NIST SP 800-63B-4.
func (l Limits) Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "idle      %s\n", human(l.Idle))
	fmt.Fprintf(&b, "absolute  %s", human(l.Absolute))
	if l.Absolute > 30*day {
		b.WriteString("  (deviates from NIST SP 800-63B-4 AAL1: 30 d)")
	}
	fmt.Fprintf(&b, "\nrotation  %s\n", human(l.Rotation))
	fmt.Fprintf(&b, "step-up   %s\n", human(l.StepUp))
	return b.String()
}

func human(d time.Duration) string {
	switch {
	case d < 0:
		return "never"
	case d >= day && d%day == 0:
		return fmt.Sprintf("%d d", d/day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return d.String()
}

// over returns l with the fields that are set in o.
func (l Limits) over(o Limits) (Limits, error) {
	for _, f := range []struct {
		name     string
		to       *time.Duration
		v        time.Duration
		negative bool
	}{
		{"Idle", &l.Idle, o.Idle, false},
		{"Absolute", &l.Absolute, o.Absolute, false},
		{"Rotation", &l.Rotation, o.Rotation, true},
		{"StepUp", &l.StepUp, o.StepUp, false},
	} {
		if f.v < 0 && !f.negative {
			return l, fmt.Errorf("session: Config.Limits.%s: %v is negative", f.name, f.v)
		}
		if f.v != 0 {
			*f.to = f.v
		}
	}
	return l, nil
}
