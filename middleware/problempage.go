package middleware

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"html/template"
	"net/http"

	"github.com/signedin/signedin/session"
)

//go:embed problem.html
var problemHTML string

var problemTemplate = template.Must(template.New("").Parse(problemHTML))

// problemTexts are what a person is told, by the status, or by the error where
// that says more.
var problemTexts = struct {
	tryAgain string
	byStatus map[int][2]string // heading and text
	byError  []struct {
		err           error
		heading, text string
	}
	byReason map[session.Reason]string // in the place of the text, where a session has ended
	other    [2]string
}{
	tryAgain: "Try again",
	byStatus: map[int][2]string{
		http.StatusUnauthorized:          {"Please sign in", "This page is for people who are signed in."},
		http.StatusForbidden:             {"That is not possible", "This page may have been open for too long. Please go back, load it again, and try once more."},
		http.StatusNotFound:              {"There is no such page", "The address may have a mistake in it, or what was there is gone."},
		http.StatusMethodNotAllowed:      {"There is nothing to see here", "This address only takes what a form sends. Please go back to the page with the form."},
		http.StatusRequestEntityTooLarge: {"That is too much", "What was sent is larger than this page takes. Nothing was changed."},
		http.StatusTooManyRequests:       {"Please wait a moment", "There were too many requests. Please try again a little later."},
		http.StatusBadGateway:            {"The site behind this one does not answer", "Please try again in a moment."},
		http.StatusServiceUnavailable:    {"That did not work", "The site cannot answer just now. Please try again in a moment."},
	},
	byError: []struct {
		err           error
		heading, text string
	}{
		{session.ErrSuspended, "This device is paused", "It was used in an unusual way. Please sign in on it again to go on."},
		{ErrRecentAuthRequired, "Please confirm that it is you", "To go on, please sign out and sign in again. This keeps your account safe if somebody else uses this device."},
		{ErrUnconfirmed, "Please confirm that it is you", "This sign-in looked unusual. Please confirm it with a second factor, or on a device that you have used before."},
		{ErrCrossOrigin, "That is not possible", "Another website has sent you here to do something. Nothing was changed. If it was you who wanted it, please do it on our own pages."},
	},
	byReason: map[session.Reason]string{
		session.ReasonExpired:         "You were signed out on this device because it was not used for a while, or because it had been signed in for long.",
		session.ReasonPasswordChanged: "You were signed out on this device because the password was changed.",
		session.ReasonSignedOutRemote: "You were signed out on this device from another one.",
		session.ReasonSignedOutOthers: "You were signed out on this device from another one.",
		session.ReasonDenied:          "You were signed out on this device from another one.",
		session.ReasonReplaced:        "You were signed out here because you have signed in again.",
		session.ReasonEvicted:         "You were signed out on this device because you have signed in on many others.",
		session.ReasonEveryone:        "Everybody was signed out, so that this site stays safe.",
	},
	other: [2]string{"That did not work", "Something went wrong. Please go back, and try again."},
}

// problemPage answers with a plain page. It leaves the policy that the host has
// set, under which our style may not be allowed.
func problemPage(w http.ResponseWriter, status int, err error) {
	texts, ok := problemTexts.byStatus[status]
	if !ok {
		texts = problemTexts.other
	}
	for _, t := range problemTexts.byError {
		if errors.Is(err, t.err) {
			texts = [2]string{t.heading, t.text}
		}
	}
	if ended, ok := errors.AsType[*session.EndedError](err); ok && problemTexts.byReason[ended.Reason] != "" {
		texts[1] = problemTexts.byReason[ended.Reason]
	}
	view := struct{ Heading, Text, Again, Nonce string }{Heading: texts[0], Text: texts[1]}
	if status >= http.StatusInternalServerError {
		view.Again = problemTexts.tryAgain
	}
	h := w.Header()
	if h.Get("Content-Security-Policy") == "" {
		view.Nonce = rand.Text()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+view.Nonce+"'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'")
	}
	var page bytes.Buffer
	if err := problemTemplate.Execute(&page, view); err != nil {
		panic(err) // texts alone are filled in
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the client has gone
}
