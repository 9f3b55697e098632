package middleware

import (
	"errors"
	"net/http"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

// problemTexts are what a person is told, by the names that the code has for them.
var problemTexts = map[string]string{
	"again": "Try again",

	"sign-in.heading":     "Please sign in",
	"sign-in.text":        "This page is for people who are signed in.",
	"forbidden.heading":   "That is not possible",
	"forbidden.text":      "This page may have been open for too long. Please go back, load it again, and try once more.",
	"not-found.heading":   "There is no such page",
	"not-found.text":      "The address may have a mistake in it, or what was there is gone.",
	"form-only.heading":   "There is nothing to see here",
	"form-only.text":      "This address only takes what a form sends. Please go back to the page with the form.",
	"too-large.heading":   "That is too much",
	"too-large.text":      "What was sent is larger than this page takes. Nothing was changed.",
	"too-many.heading":    "Please wait a moment",
	"too-many.text":       "There were too many requests. Please try again a little later.",
	"behind.heading":      "The site behind this one does not answer",
	"behind.text":         "Please try again in a moment.",
	"unavailable.heading": "That did not work",
	"unavailable.text":    "The site cannot answer just now. Please try again in a moment.",
	"other.heading":       "That did not work",
	"other.text":          "Something went wrong. Please go back, and try again.",

	"suspended.heading":    "This device is paused",
	"suspended.text":       "It was used in an unusual way. Please sign in on it again to go on.",
	"recent.heading":       "Please confirm that it is you",
	"recent.text":          "To go on, please sign out and sign in again. This keeps your account safe if somebody else uses this device.",
	"unconfirmed.heading":  "Please confirm that it is you",
	"unconfirmed.text":     "This sign-in looked unusual. Please confirm it with a second factor, or on a device that you have used before.",
	"cross-origin.heading": "That is not possible",
	"cross-origin.text":    "Another website has sent you here to do something. Nothing was changed. If it was you who wanted it, please do it on our own pages.",
	"outdated.heading":     "Please sign in again",
	"outdated.text":        "While you signed in, the password was changed, or all devices were signed out. Please sign in again.",
	"disabled.heading":     "That is not possible",
	"disabled.text":        "This account cannot be signed in. Please ask those who run this site.",

	"ended.unused":    "You were signed out on this device because it was not used for a while, or because it had been signed in for long.",
	"ended.password":  "You were signed out on this device because the password was changed.",
	"ended.elsewhere": "You were signed out on this device from another one.",
	"ended.replaced":  "You were signed out here because you have signed in again.",
	"ended.many":      "You were signed out on this device because you have signed in on many others.",
	"ended.everyone":  "Everybody was signed out, so that this site stays safe.",
}

// Names of the texts, by the status, or by the error where that says more.
var (
	problemsByStatus = map[int]string{
		http.StatusUnauthorized:          "sign-in",
		http.StatusForbidden:             "forbidden",
		http.StatusNotFound:              "not-found",
		http.StatusMethodNotAllowed:      "form-only",
		http.StatusRequestEntityTooLarge: "too-large",
		http.StatusTooManyRequests:       "too-many",
		http.StatusBadGateway:            "behind",
		http.StatusServiceUnavailable:    "unavailable",
	}
	problemsByError = []struct {
		err  error
		name string
	}{
		{ErrSignInRequired, "sign-in"},
		{session.ErrSuspended, "suspended"},
		{ErrRecentAuthRequired, "recent"},
		{ErrUnconfirmed, "unconfirmed"},
		{ErrCrossOrigin, "cross-origin"},
		{session.ErrOutdated, "outdated"},
		{session.ErrDisabled, "disabled"},
	}
	// in the place of the text, where a session has ended
	problemsByReason = map[session.Reason]string{
		session.ReasonExpired:         "unused",
		session.ReasonPasswordChanged: "password",
		session.ReasonSignedOutRemote: "elsewhere",
		session.ReasonSignedOutOthers: "elsewhere",
		session.ReasonDenied:          "elsewhere",
		session.ReasonReplaced:        "replaced",
		session.ReasonEvicted:         "many",
		session.ReasonEveryone:        "everyone",
	}
)

// ofProblems is what the names of our texts start with among those of all
// packages.
const ofProblems = "problem."

// Texts returns the texts of the pages and details of [Problem], in English, by the
// names that a [locale.Locale] has for them.
func Texts() map[string]string {
	all := make(map[string]string, len(problemTexts))
	for name, text := range problemTexts {
		all[ofProblems+name] = text
	}
	return all
}

func sayText(in *locale.Locale, name string) string {
	return in.Say(ofProblems+name, problemTexts[name])
}

// saidProblem is what a person is told of a problem.
type saidProblem struct {
	heading, text string
	known         bool // in the place of what the error says
}

func sayProblem(in *locale.Locale, status int, err error) saidProblem {
	name := problemsByStatus[status]
	if name == "" {
		name = "other"
	}
	known := false
	for _, p := range problemsByError {
		if errors.Is(err, p.err) {
			name, known = p.name, true
		}
	}
	text := name + ".text"
	if ended, ok := errors.AsType[*session.EndedError](err); ok {
		known = true
		if reason := problemsByReason[ended.Reason]; reason != "" {
			text = "ended." + reason
		}
	}
	return saidProblem{sayText(in, name+".heading"), sayText(in, text), known}
}
