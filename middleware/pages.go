package middleware

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/signedin/signedin/session"
)

// Pages are the pages of a site to which people are sent who have to do
// something before they can go on; [Pages.Refuse] is a Config.Refuse. Each gets
// the page to come back to as the query parameter "next" (see [LocalPath]). They
// are paths as the browser sees them.
type Pages struct {
	// SignIn is where people sign in.
	SignIn string
	// Confirm is where who is signed in proves it again, for
	// ErrRecentAuthRequired; of an [*ActionError] it gets the Action as the query
	// parameter "for". Defaults to none: they are told what to do. It is
	// not SignIn, which sends on who is signed in, and so back here.
	Confirm string
	// Recover is where who is signed in, in a way that looked suspicious, can
	// show by other means that it is them, for ErrUnconfirmed: the page for a
	// forgotten password, say, which sends an e-mail. Defaults to none: they are
	// told what to do.
	Recover string
	// Base is what a proxy in front takes from the beginning of each path.
	// [http.StripPrefix] needs no Base. Defaults to none.
	Base string
}

// ToSignIn is [Pages.Refuse] for a site that has no other page but the one to
// sign in: who opens a page without a session is sent to path, with the page in
// the query parameter "next".
func ToSignIn(path string) func(http.ResponseWriter, *http.Request, int, error) {
	return Pages{SignIn: path}.Refuse
}

// Refuse sends a person to the page where they can do what is missing, and
// answers with [Problem] to everything else. After the send of a form, "next" is
// the page that the form was on: its own address shows nothing. What htmx asks
// for is answered with HX-Redirect, and what Turbo asks for, so that it leaves the
// page too.
func (p Pages) Refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	to := ""
	switch {
	case status != http.StatusUnauthorized:
	case errors.Is(err, ErrRecentAuthRequired), errors.Is(err, session.ErrNotProved):
		to = p.Confirm
	case errors.Is(err, ErrUnconfirmed):
		to = p.Recover
	default:
		to = p.SignIn
	}
	asks := askerOf(r)
	if to == "" || asks == asksProgram {
		Problem(w, r, status, err)
		return
	}
	q := url.Values{}
	if next := p.next(r, asks); next != "" {
		q.Set("next", next)
	}
	if e, ok := errors.AsType[*ActionError](err); ok {
		q.Set("for", e.Action)
	}
	if len(q) > 0 {
		sep := "?"
		if strings.Contains(to, "?") {
			sep = "&"
		}
		to += sep + q.Encode()
	}
	switch asks {
	case asksHTMX:
		w.Header().Set("HX-Redirect", to)
		Problem(w, r, status, err)
	case asksFrame:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, leaveFrame, html.EscapeString(to))
	default:
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

// leaveFrame leads out of a frame of Turbo, which cannot show another page: told
// to reload, Turbo puts this one in the place of the whole, and the browser goes
// on.
const leaveFrame = `<!DOCTYPE html><html><head><meta charset="utf-8"><title></title><meta name="turbo-visit-control" content="reload">` +
	`<meta http-equiv="refresh" content="0; url=%[1]s"></head><body><a href="%[1]s">…</a></body></html>`

// An asker is what waits for the answer to a request.
type asker int

const (
	asksProgram asker = iota
	asksPerson
	asksHTMX
	asksTurbo
	asksFrame // a frame of Turbo
)

func askerOf(r *http.Request) asker {
	switch h := r.Header; {
	case h.Get("Hx-Request") == "true":
		return asksHTMX
	case h.Get("Turbo-Frame") != "" && !isUnsafe(r.Method):
		return asksFrame
	case h.Get("X-Turbo-Request-Id") != "", strings.Contains(h.Get("Accept"), "text/vnd.turbo-stream.html"):
		return asksTurbo
	case WantsPage(r):
		return asksPerson
	}
	return asksProgram
}

// maxNext bounds the address of a page that is carried along.
const maxNext = 2048

// next returns the page to come back to, as the browser knows it, "" if that is
// not known.
func (p Pages) next(r *http.Request, asks asker) string {
	var next string
	switch current, err := url.Parse(r.Header.Get("Hx-Current-Url")); {
	case asks == asksHTMX && err == nil && current.Host != "":
		next = current.RequestURI()
	case asks == asksPerson && !isUnsafe(r.Method), asks == asksTurbo && !isUnsafe(r.Method):
		next = requestURI(r)
		if p.Base != "" && !strings.HasPrefix(next, p.Base+"/") {
			next = p.Base + next
		}
	default:
		next = referer(r)
	}
	if len(next) > maxNext {
		return ""
	}
	return LocalPath(next, "")
}

// requestURI returns the path and query that the client asked for, whatever the
// host has taken from it since.
func requestURI(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	if u, err := url.Parse(r.RequestURI); err == nil && u.Host != "" {
		return u.RequestURI()
	}
	return r.URL.RequestURI()
}

// referer returns the page of this site that the request came from, "" if there
// is none.
func referer(r *http.Request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host == "" || u.Host != r.Host && r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		return ""
	}
	return u.RequestURI()
}
