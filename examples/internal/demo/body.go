package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/signedin/signedin/middleware"
)

const maxBody = 4 << 10

var (
	errForm = errors.New("the form cannot be read")
	errJSON = errors.New(`want a JSON object {"email": "...", "password": "..."}`)
)

func formOK(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return readOK(w, r, r.ParseForm(), errForm)
}

func jsonOK(w http.ResponseWriter, r *http.Request, v any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err = dec.Decode(v); err == nil {
			if _, end := dec.Token(); end != io.EOF {
				err = errJSON
			}
		}
	}
	return readOK(w, r, err, errJSON)
}

// readOK answers a request whose body could not be read: as too long, or else
// with what was wanted.
func readOK(w http.ResponseWriter, r *http.Request, err, want error) bool {
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		middleware.Problem(w, r, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is longer than %d bytes", tooLong.Limit))
	case err != nil:
		middleware.Problem(w, r, http.StatusBadRequest, want)
	}
	return err == nil
}

func checked(r *http.Request, field string) bool {
	switch r.PostFormValue(field) {
	case "", "0", "false", "off":
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client has gone
}
