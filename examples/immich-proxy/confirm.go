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
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

// confirm has users prove who they are before other devices are signed out: by the
// password of Immich, which Immich checks by a sign-in that is ended again at once, or
// by the provider at which they sign in to it.
type confirm struct {
	mw            *middleware.Middleware
	proxy         *immich.Proxy
	clientIP      middleware.ClientIP
	target        *url.URL
	transport     http.RoundTripper
	path, devices string

	failed func(immich.WrongPassword)
	tries  tries
	single *single // nil if there is no provider
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

// question is what the page asks.
type question struct {
	Email, Form, Next, Devices, Nonce string
	Problem                           string // the name of its text
	Language                          *locale.Locale

	Password bool   // asks for that of Immich
	Single   string // leads to the provider, "" if that does not help
	subject  string // as which it knows the user
}

// Say says a text of the page.
func (q *question) Say(name string, args ...any) string {
	return immich.Say(q.Language, "confirm."+name, args...)
}

// Title is also what the button says that leads here.
func (q *question) Title() string {
	return q.Language.Say("page.doubt.confirm", "Confirm that it is you")
}

func (c *confirm) serve(w http.ResponseWriter, r *http.Request) {
	me, _ := session.FromContext(r.Context())
	q := &question{Email: me.Attrs[immich.AttrEmail], Form: middleware.FormToken(me), Devices: c.devices, Language: language(r),
		Next: middleware.LocalPath(r.FormValue("next"), c.devices)}
	if err := c.waysOf(r, q); err != nil {
		c.show(w, http.StatusBadGateway, q, "behind")
		return
	}
	switch at := r.URL.Path; {
	case at == c.path+singleGo && q.Single != "":
		c.single.leave(w, r, q.Next)
	case at == c.path+singleBack && q.Single != "":
		c.returned(w, r, q)
	case at != c.path:
		http.Redirect(w, r, c.path, http.StatusSeeOther)
	case r.Method == http.MethodPost:
		c.check(w, r, me, q)
	default:
		c.show(w, http.StatusOK, q, "")
	}
}

// waysOf fills in how the user of r can prove who they are.
func (c *confirm) waysOf(r *http.Request, q *question) error {
	var is struct {
		PasswordLogin, Password bool
		OAuthID                 string
	}
	err := c.proxy.Ask(r, "/api/server/features", &is)
	if err == nil && is.PasswordLogin {
		err = c.proxy.Ask(r, "/api/auth/status", &is)
	}
	if err == nil && c.single != nil {
		err = c.proxy.Ask(r, "/api/users/me", &is)
	}
	if q.Password = is.PasswordLogin && is.Password && q.Email != ""; is.OAuthID != "" && c.single != nil {
		q.Single, q.subject = c.path+singleGo+"?"+url.Values{"next": {q.Next}}.Encode(), is.OAuthID
	}
	return err
}

// check takes the form with the password.
func (c *confirm) check(w http.ResponseWriter, r *http.Request, me *session.Session, q *question) {
	now, ip := c.mw.Manager().Now(), "unknown"
	addr, exact := c.clientIP(r)
	if exact {
		ip = addr.String()
	} else {
		addr = netip.Addr{}
	}
	switch {
	case !q.Password:
		c.show(w, http.StatusForbidden, q, "")
		return
	case !middleware.ValidFormToken(me, r.PostFormValue("form")):
		c.show(w, http.StatusForbidden, q, "again")
		return
	case !c.tries.allows(now, me.ID.String(), ip):
		w.Header().Set("Retry-After", strconv.Itoa(int(tryAgain.Seconds())))
		c.show(w, http.StatusTooManyRequests, q, "many")
		return
	}
	switch right, err := c.isRight(r, me, r.PostFormValue("password")); {
	case err != nil:
		c.show(w, http.StatusBadGateway, q, "behind")
		return
	case !right:
		c.failed(immich.WrongPassword{UserID: me.UserID, IP: addr, At: now})
		c.show(w, http.StatusUnauthorized, q, "wrong")
		return
	}
	c.tries.right(me.ID.String(), ip)
	if _, err := c.mw.Reauthenticated(w, r, session.Proof{Methods: []string{"pwd"}}); err != nil {
		c.show(w, http.StatusServiceUnavailable, q, "again")
		return
	}
	http.Redirect(w, r, q.Next, http.StatusSeeOther)
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
<html lang="{{.Language.Lang}}" dir="{{.Language.Dir}}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style nonce="{{.Nonce}}">
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 26rem; margin: 12vh auto 0; padding: 0 1rem; }
label, input { display: block; }
input, button { box-sizing: border-box; font: inherit; padding: .4rem .8rem; }
input { width: 100%; }
</style>
<h1>{{.Title}}</h1>
{{with .Problem}}<p role="alert">{{$.Say .}}</p>{{end}}
{{if .Password}}
<form method="post">
<p>{{.Say "of" .Email}}</p>
<input type="hidden" name="form" value="{{.Form}}">
<input type="hidden" name="next" value="{{.Next}}">
<input type="hidden" name="email" value="{{.Email}}" autocomplete="username">
<p><label>{{.Say "password"}} <input type="password" name="password" autocomplete="current-password" required autofocus></label>
<p><button>{{.Say "button"}}</button>
</form>
{{end}}
{{with .Single}}<p><a href="{{.}}">{{$.Say "single"}}</a>{{end}}
{{if not .Password}}{{if not .Single}}
<p>{{.Say "none"}}
{{end}}{{end}}
<p><a href="{{.Devices}}">{{.Language.Say "page.home" "Back"}}</a>
</html>
`))

func (c *confirm) show(w http.ResponseWriter, status int, q *question, problem string) {
	q.Nonce, q.Problem = rand.Text(), problem
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+q.Nonce+"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = confirmPage.Execute(w, q) // the client has gone
}
