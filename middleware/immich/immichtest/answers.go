package immichtest

import (
	"crypto/sha1"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxJSON bounds what is read of a body of JSON.
const maxJSON = 10 << 20

// answer sends v as JSON, as Immich does.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha1.Sum(body)
	h := w.Header()
	h.Set("X-Correlation-Id", strings.ToLower(newToken()[:8]))
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Etag", fmt.Sprintf(`"%x-%s"`, len(body), base64.RawStdEncoding.EncodeToString(sum[:])))
	h.Set("Vary", "Accept-Encoding")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

type message struct {
	Message string `json:"message"`
}

// refuse sends what is wrong.
func refuse(w http.ResponseWriter, status int, why string) { answer(w, status, message{why}) }

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, json.RawMessage(body)) }
}

func notFound(w http.ResponseWriter, r *http.Request) {
	refuse(w, http.StatusNotFound, "Cannot "+r.Method+" "+r.URL.Path)
}

// read reads a body of JSON; it answers 400 and returns false if it is none, or
// if valid does not like it.
func read(w http.ResponseWriter, r *http.Request, v any, valid func() bool) bool {
	err := json.NewDecoder(io.LimitReader(r.Body, maxJSON)).Decode(v)
	if err == nil && (valid == nil || valid()) {
		return true
	}
	answer(w, http.StatusBadRequest, struct {
		message
		Errors []string `json:"errors"`
	}{message{"Validation failed"}, []string{}})
	return false
}

//go:embed pages
var pages embed.FS

// page serves a page of the stand-in's own.
func page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, pages, "pages/"+name) }
}
