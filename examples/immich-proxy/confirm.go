package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
)

// confirm asks for the password of Immich before other devices are signed out.
// It has Immich check it, by a sign-in that it ends again at once.
type confirm struct {
	mw            *middleware.Middleware
	clientIP      middleware.ClientIP
	target        *url.URL
	transport     http.RoundTripper
	path, devices string
}

// newTransport returns one that goes to Immich and nowhere else: no proxy of the
// environment sees a password. Immich keeps idle connections for 5 seconds.
func newTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil
	t.IdleConnTimeout = 4 * time.Second
	return t
}

func (c *confirm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "same-origin")
	c.mw.Require(http.HandlerFunc(c.serve)).ServeHTTP(w, r)
}

func (c *confirm) serve(w http.ResponseWriter, r *http.Request) {
	me, _ := session.FromContext(r.Context())
	next := middleware.LocalPath(r.FormValue("next"), c.devices)
	if r.Method != http.MethodPost {
		c.show(w, me, http.StatusOK, next, "")
		return
	}
	if !middleware.ValidFormToken(me, r.PostFormValue("form")) {
		c.show(w, me, http.StatusForbidden, next, "Please try again.")
		return
	}
	switch right, err := c.isRight(r, me, r.PostFormValue("password")); {
	case err != nil:
		c.show(w, me, http.StatusBadGateway, next, "Immich cannot be reached. Please try again.")
		return
	case !right:
		c.show(w, me, http.StatusUnauthorized, next, "That is not the password.")
		return
	}
	if _, err := c.mw.Reauthenticated(w, r, session.Proof{Methods: []string{"pwd"}}); err != nil {
		c.show(w, me, http.StatusServiceUnavailable, next, "Please try again.")
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// isRight asks Immich.
func (c *confirm) isRight(r *http.Request, me *session.Session, password string) (bool, error) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	body, err := json.Marshal(map[string]string{"email": me.Attrs[immich.AttrEmail], "password": password})
	if err != nil {
		return false, err
	}
	var in struct{ AccessToken, UserID string }
	status, err := c.post(ctx, r, "/api/auth/login", "", body, &in)
	if err != nil || status != http.StatusCreated {
		return false, err
	}
	// The address is as of when the session was first seen, and may have become
	// somebody else's.
	right := in.UserID == me.UserID
	return right, c.end(r, in.AccessToken)
}

// end signs out again, also if the client has gone: nobody else knows the token.
func (c *confirm) end(r *http.Request, token string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	status, err := c.post(ctx, r, "/api/auth/logout", token, nil, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("logout: status %d", status)
	}
	return err
}

// patience bounds how long Immich may take for an answer.
const patience = 10 * time.Second

// post sends a request to Immich in the name of who sent r.
func (c *confirm) post(ctx context.Context, r *http.Request, path, token string, body []byte, out any) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.target.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", r.UserAgent())
	if ip, exact := c.clientIP(r); exact {
		req.Header.Set("X-Forwarded-For", ip.String()) // Immich logs who fails
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if out != nil && res.StatusCode/100 == 2 {
		err = json.NewDecoder(http.MaxBytesReader(nil, res.Body, 64<<10)).Decode(out)
	}
	if res.StatusCode >= http.StatusInternalServerError {
		err = errors.New(res.Status)
	}
	return res.StatusCode, err
}

var confirmPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Confirm that it is you</title>
<style nonce="{{.Nonce}}">
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 26rem; margin: 12vh auto 0; padding: 0 1rem; }
label, input { display: block; }
input, button { box-sizing: border-box; font: inherit; padding: .4rem .8rem; }
input { width: 100%; }
</style>
<h1>Confirm that it is you</h1>
{{with .Problem}}<p role="alert">{{.}}</p>{{end}}
{{if .Email}}
<form method="post">
<p>Your password of Immich, please, {{.Email}}:</p>
<input type="hidden" name="form" value="{{.Form}}">
<input type="hidden" name="next" value="{{.Next}}">
<input type="hidden" name="email" value="{{.Email}}" autocomplete="username">
<p><label>Password <input type="password" name="password" autocomplete="current-password" required autofocus></label>
<p><button>Confirm</button>
</form>
<p>If you have no password, sign out of Immich and sign in again.
{{else}}
<p>Sign out of Immich and sign in again, then come back.
{{end}}
<p><a href="{{.Devices}}">Back</a>
</html>
`))

func (c *confirm) show(w http.ResponseWriter, me *session.Session, status int, next, problem string) {
	nonce := rand.Text()
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = confirmPage.Execute(w, map[string]string{"Email": me.Attrs[immich.AttrEmail], "Form": middleware.FormToken(me), "Next": next, "Devices": c.devices, "Nonce": nonce, "Problem": problem})
}
