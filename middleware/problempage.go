package middleware

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"html/template"
	"net/http"

	"github.com/signedin/signedin/session/locale"
)

//go:embed problem.html
var problemHTML string

var problemTemplate = template.Must(template.New("").Parse(problemHTML))

// problemPage answers with a plain page. It leaves the policy that the host has
// set, under which our style may not be allowed.
func problemPage(w http.ResponseWriter, in *locale.Locale, status int, err error) {
	said := sayProblem(in, status, err)
	view := struct{ Lang, Dir, Heading, Text, Again, Nonce string }{Lang: in.Lang(), Dir: in.Dir(), Heading: said.heading, Text: said.text}
	if status >= http.StatusInternalServerError {
		view.Again = sayText(in, "again")
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
