package demo

import (
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
)

//go:embed pages.html
var pagesHTML string

var pages = template.Must(template.New("").Parse(pagesHTML))

// view is what the pages show.
type view struct {
	Email   string
	Next    string
	Message string // what went wrong
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
