package locale

import (
	"strconv"
	"strings"
	"time"
)

// Time says a time, in its zone, which is named by how far it is from UTC: what
// people call it differs by language.
func (l *Locale) Time(t time.Time) string {
	if !l.has("time.date") {
		return t.Format("2 Jan 2006, 15:04 MST")
	}
	zone := "UTC"
	if _, offset := t.Zone(); offset != 0 {
		zone += t.Format("-07:00")
	}
	return l.date("time.date", t) + ", " + t.Format("15:04") + " " + zone
}

// Date says the day, the month and the year of a time.
func (l *Locale) Date(t time.Time) string {
	if !l.has("time.date") {
		return t.Format("2 Jan 2006")
	}
	return l.date("time.date", t)
}

// Day says the day and the month of a time.
func (l *Locale) Day(t time.Time) string {
	if !l.has("time.day") {
		return t.Format("2 Jan")
	}
	return l.date("time.day", t)
}

// date fills in a pattern: {d}, {m}, the month by its number, {month} and {y}.
func (l *Locale) date(name string, t time.Time) string {
	month, _ := l.text("time.month."+strconv.Itoa(int(t.Month())), -1)
	return strings.NewReplacer(
		"{d}", strconv.Itoa(t.Day()), "{m}", strconv.Itoa(int(t.Month())), "{month}", month, "{y}", strconv.Itoa(t.Year()),
	).Replace(l.Texts[name])
}
