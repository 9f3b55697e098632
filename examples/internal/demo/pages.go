package demo

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"log/slog"
	"net/http"
)

var (
	//go:embed pages.html
	pagesHTML string
	//go:embed style.css
	style string

	pages = template.Must(template.New("").
		Funcs(template.FuncMap{"style": func() template.CSS { return template.CSS(style) }}).
		Parse(pagesHTML))
)

// policy lets a page have our one style, forms to this site, and nothing else.
var policy = func() string {
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}()

// view is what the pages show.
type view struct {
	Email   string
	Next    string
	Message string // what went wrong
	Fresh   bool   // the password was given just now
	Done    bool   // nothing more is to be done
	Token   string // of a link
	Recover bool   // who has forgotten the password can go on
	Notice  string // what was done
}

func page(w http.ResponseWriter, status int, name string, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := pages.ExecuteTemplate(w, name, v); err != nil {
		slog.Error("page", "name", name, "error", err)
	}
}
