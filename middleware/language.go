package middleware

import (
	"context"
	"net/http"

	"github.com/signedin/signedin/session/locale"
)

type languageKey struct{} // of a function as Config.Language

// WithLanguage has [Problem] speak to the user of r as language says, which is
// asked only then and wins over Config.Language.
func WithLanguage(r *http.Request, language func(r *http.Request) *locale.Locale) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), languageKey{}, language))
}

func languageOf(r *http.Request) *locale.Locale {
	if language, ok := r.Context().Value(languageKey{}).(func(*http.Request) *locale.Locale); ok {
		return language(r)
	}
	return nil
}

// Language returns how to speak to the user of a request: what Config.Language
// says, or nil, which is English.
func (m *Middleware) Language(r *http.Request) *locale.Locale {
	if m.cfg.Language == nil {
		return nil
	}
	return m.cfg.Language(r)
}

// Problem is [Problem] in the language of Config.Language.
func (m *Middleware) Problem(w http.ResponseWriter, r *http.Request, status int, err error) {
	Problem(w, m.inLanguage(r), status, err)
}

func (m *Middleware) inLanguage(r *http.Request) *http.Request {
	if m.cfg.Language == nil || r.Context().Value(languageKey{}) != nil {
		return r
	}
	return WithLanguage(r, m.cfg.Language)
}
