package middleware

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// Problem answers with the status as application/problem+json (RFC 9457). The
// detail is err's for a client's error, and left out for one of the server.
func Problem(w http.ResponseWriter, _ *http.Request, status int, err error) {
	body := struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail,omitempty"`
	}{Title: http.StatusText(status), Status: status}
	if err != nil && status < http.StatusInternalServerError {
		body.Detail = err.Error()
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone
}

// ToSignIn is a Config.Refuse for a site with pages: who opens a page without
// a session is sent to path, with the page in the query parameter "next".
// Everything else gets [Problem].
func ToSignIn(path string) func(http.ResponseWriter, *http.Request, int, error) {
	return func(w http.ResponseWriter, r *http.Request, status int, err error) {
		if status != http.StatusUnauthorized || !wantsPage(r) {
			Problem(w, r, status, err)
			return
		}
		http.Redirect(w, r, path+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
	}
}

// wantsPage reports whether a person waits for HTML.
func wantsPage(r *http.Request) bool {
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
