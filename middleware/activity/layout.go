package activity

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"strings"

	"github.com/signedin/signedin/middleware"
)

// A Page is one of ours, to stand in a page of the host's.
type Page struct {
	// Title is for the element of that name.
	Title string
	// Lang and Dir are the language and its direction. Body says them for itself.
	Lang, Dir string
	// Nonce is what Policy allows, for styles and scripts of the host's page.
	Nonce string
	// Head is for the element of that name: the style.
	Head template.HTML
	// Body is one element of class signedin, with its heading h1.
	Body template.HTML
	// Policy is the Content-Security-Policy that the page is sent with. Of a
	// [Handler.Fragment], the host sends it, or one of its own that allows as much.
	Policy string
}

// bareStyle is the style that reaches nothing outside of our element.
var bareStyle = ".signedin{" + template.CSS(strings.NewReplacer(":root{", "&{", "body{", "&{").Replace(string(style))) + "}"

// made makes a page, within that of the host if it has one.
func (h *Handler) made(name string, v *view) (*bytes.Buffer, error) {
	var b bytes.Buffer
	if h.cfg.Layout == nil {
		return &b, templates.ExecuteTemplate(&b, name, v)
	}
	page, err := h.bare(name, v)
	if err != nil {
		return nil, err
	}
	return &b, h.cfg.Layout.Execute(&b, page)
}

// bare makes a page without what is around it.
func (h *Handler) bare(name string, v *view) (*Page, error) {
	v.Bare, v.Style = true, bareStyle
	var head, body bytes.Buffer
	if err := errors.Join(templates.ExecuteTemplate(&head, "head", v), templates.ExecuteTemplate(&body, name, v)); err != nil {
		return nil, err
	}
	return &Page{
		Title: v.DocumentTitle(), Lang: v.Lang, Dir: v.Dir, Nonce: v.Nonce,
		Head: template.HTML(head.String()), Body: template.HTML(body.String()), Policy: h.policy(v),
	}, nil
}

// Fragment returns the list for the session of r, for hosts that put their pages
// together themselves, in a handler behind [middleware.Middleware.Require]. Its
// forms lead to the Handler, and from there to the Handler's own list. It is not to
// be cached, which is said in the header. A request without a session is
// [middleware.ErrSignInRequired], another error one of the store.
func (h *Handler) Fragment(w http.ResponseWriter, r *http.Request) (*Page, error) {
	me := own(r)
	if me == nil {
		return nil, middleware.ErrSignInRequired
	}
	w.Header().Set("Cache-Control", "no-store")
	v, err := h.devices(w, r, me)
	if err != nil {
		return nil, err
	}
	return h.bare("devices", v)
}

// DocumentTitle says first what was done.
func (v *view) DocumentTitle() string {
	if v.Notice != nil {
		return v.Notice.Text + " – " + v.Heading
	}
	return v.Heading
}

const (
	ours         = "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	closedPolicy = "default-src 'none'; " + ours
)

// policy returns the Content-Security-Policy of a page, which allows our forms,
// our style, and our script where there is one, which asks us alone.
func (h *Handler) policy(v *view) string {
	nonce := "'nonce-" + v.Nonce + "'"
	if h.cfg.Policy != "" {
		policy := strings.ReplaceAll(h.cfg.Policy, "'nonce-{nonce}'", nonce)
		for directive := range strings.SplitSeq(ours, "; ") {
			if name, _, _ := strings.Cut(directive, " "); !strings.Contains(policy, name) {
				policy = strings.TrimRight(policy, "; ") + "; " + directive
			}
		}
		return policy
	}
	policy := closedPolicy + "; style-src " + nonce
	if v.Script != "" {
		policy += "; script-src " + nonce + "; connect-src 'self'"
	}
	if h.cfg.Layout != nil || h.cfg.Stylesheet != "" || h.cfg.Logo != "" {
		policy += "; img-src 'self'; font-src 'self'"
	}
	return policy
}
