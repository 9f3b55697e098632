package middleware

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/signedin/signedin/session"
)

// Problem answers with the status: a person who waits for a page gets one, and
// a program gets application/problem+json (RFC 9457), whose "code" is stable and
// whose "type" is "urn:signedin:" and the code. The detail is err's for a
// client's error, and left out for one of the server.
//
// The code of an error is its ProblemCode() string if it has that method; the
// errors of this library have codes of their own, and others that of the status,
// such as "not-found". To who was signed out, "reason" says why ([session.Reason]).
// A page about what passes, 502, 503 or 504, is loaded again by itself.
//
// To a request that Config.Refuse is given it speaks the language of
// Config.Language, and else that of [WithLanguage] or English; see also
// [Middleware.Problem].
func Problem(w http.ResponseWriter, r *http.Request, status int, err error) {
	in := languageOf(r)
	if WantsPage(r) {
		if isGet := r.Method == http.MethodGet || r.Method == http.MethodHead; isGet && passes(status) {
			w.Header().Set("Refresh", "5") // seconds; not so often that all who wait are a load
		}
		problemPage(w, in, status, err)
		return
	}
	code := problemCode(status, err)
	body := struct {
		Type   string         `json:"type"`
		Title  string         `json:"title"`
		Status int            `json:"status"`
		Code   string         `json:"code"`
		Detail string         `json:"detail,omitempty"`
		Reason session.Reason `json:"reason,omitempty"`
	}{Type: "urn:signedin:" + code, Title: http.StatusText(status), Status: status, Code: code}
	if err != nil && status < http.StatusInternalServerError {
		body.Detail = detail(err)
	}
	if in != nil {
		said := sayProblem(in, status, err)
		body.Title = said.heading
		if body.Detail != "" && said.known {
			body.Detail = said.text
		}
	}
	if ended, ok := errors.AsType[*session.EndedError](err); ok && status < http.StatusInternalServerError {
		body.Reason = ended.Reason
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}

// passes reports whether what a status tells of goes by without anybody's doing.
func passes(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// problemCodes are the codes of errors that the packages below return.
var problemCodes = []struct {
	err  error
	code string
}{
	{session.ErrUnbound, "session-unbound"},
	{ErrSignInRequired, "sign-in-required"},
	{ErrRecentAuthRequired, "recent-authentication-required"},
	{ErrUnconfirmed, "confirmation-required"},
	{ErrCrossOrigin, "cross-origin"},
	{ErrInsecureCookie, "insecure-cookie"},
	{session.ErrSuspended, "session-suspended"},
	{session.ErrOutdated, "outdated"},
	{session.ErrDisabled, "user-disabled"},
	{session.ErrInvalidName, "invalid-name"},
	{session.ErrNotOlder, "session-not-older"},
	{session.ErrNotFound, "session-not-found"},
}

func problemCode(status int, err error) string {
	var coded interface{ ProblemCode() string }
	if errors.As(err, &coded) {
		return coded.ProblemCode()
	}
	for _, p := range problemCodes {
		if errors.Is(err, p.err) {
			return p.code
		}
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "-")
}

// detail is what err says, without the name of the package that says it.
func detail(err error) string {
	text := err.Error()
	for _, name := range []string{"session: ", "middleware: ", "activity: "} {
		text = strings.TrimPrefix(text, name)
	}
	return text
}

// WantsPage reports whether a person waits for a page: a browser that goes there,
// not a script or a program.
func WantsPage(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return r.Header.Get("Authorization") == "" && acceptsHTML(r.Header.Get("Accept"))
}

func acceptsHTML(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		media, _, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(media), "text/html") {
			return true
		}
	}
	return false
}

// LocalPath returns path if it names a page of this site, or else fallback:
// for a redirect to where the client asked to go. What browsers take for
// another host ("//host", "/\host") is not local.
func LocalPath(path, fallback string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil ||
		!strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\t\r\n\x00") {
		return fallback
	}
	return path
}
