package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
)

// Whoever is signed in to check a password is signed out again, also if it is
// somebody else or the client does not wait.
func TestPasswordIsCheckedAndNothingIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		signsIn string
		leaves  bool
		want    bool
	}{"right": {"ada", false, true}, "somebody else's": {"bob", false, false}, "impatient": {"ada", true, true}} {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		in := false
		there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/auth/logout" {
				in = r.Header.Get("Authorization") != "Bearer some"
				return
			}
			in = true
			w.WriteHeader(http.StatusCreated)
			fmt.Fprintf(w, `{"accessToken":"some","userId":%q}`, c.signsIn)
		}))
		defer there.Close()
		target, _ := url.Parse(there.URL)
		check := &confirm{target: target, clientIP: middleware.RemoteAddr, transport: leaving{newTransport(), c.leaves, leave}}
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
		me := &session.Session{UserID: "ada", Attrs: map[string]string{immich.AttrEmail: "ada@example.com"}}
		if got, err := check.isRight(r, me, "secret"); got != c.want || err != nil || in {
			t.Errorf("%s: got %v, %v, left signed in: %v", name, got, err, in)
		}
	}
}

// leaving lets the client go once the sign-in is answered.
type leaving struct {
	http.RoundTripper
	leaves bool
	leave  func()
}

func (l leaving) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.RoundTripper.RoundTrip(r)
	if err == nil && l.leaves && r.URL.Path == "/api/auth/login" {
		body := make([]byte, res.ContentLength)
		_, err = io.ReadFull(res.Body, body)
		res.Body.Close()
		w := httptest.NewRecorder()
		w.WriteHeader(res.StatusCode)
		_, _ = w.Write(body)
		res = w.Result()
		l.leave()
	}
	return res, err
}

func TestPasswordGoesToImmichAlone(t *testing.T) {
	tr := newTransport().(*http.Transport)
	if tr.Proxy != nil || tr.IdleConnTimeout >= 5*time.Second || tr.IdleConnTimeout == 0 {
		t.Errorf("got a proxy, or idle for %v", tr.IdleConnTimeout)
	}
}
