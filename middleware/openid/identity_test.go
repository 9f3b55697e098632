package openid_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/signedin/signedin/middleware/openid"
	"github.com/signedin/signedin/session"
)

// idToken returns an ID token that is in order, with some claims replaced.
func (h *host) idToken(change claims) string {
	now := h.time().Unix()
	c := claims{"iss": h.provider.URL, "aud": client, "iat": now, "exp": now + 300, "sub": "1", "sid": "a", "nonce": "n", "auth_time": now}
	for name, v := range change {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	return signed(h.TB, rsaKey(), "one", "JWT", c)
}

func (h *host) verify(change claims) *openid.Identity {
	h.Helper()
	id, err := h.openid.Verify(h.Context(), h.idToken(change), "n")
	if err != nil {
		h.Fatal(err)
	}
	return id
}

func (h *host) finish(id *openid.Identity, opts session.StartOptions) (*session.Session, error) {
	opts.Carrier = session.CarrierBearer
	s, _, err := h.openid.SignIn(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil), "ada", id, opts)
	return s, err
}

func TestSignIn(t *testing.T) {
	h := newHost(t, nil)
	now := h.time()
	s, err := h.finish(h.verify(claims{"auth_time": now.Add(-time.Hour).Unix(), "amr": []string{"pwd", "otp"}, "acr": "2"}), session.StartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	limit := h.manager.Limits().Absolute
	if want := now.Add(-time.Hour); !s.AuthenticatedAt.Equal(want) || !s.ExpiresAt.Equal(want.Add(limit)) {
		t.Errorf("got AuthenticatedAt %v, ExpiresAt %v, want %v and %v later", s.AuthenticatedAt, s.ExpiresAt, want, limit)
	}
	if !slices.Equal(s.Methods, []string{"pwd", "otp", "acr:2"}) || s.Issuer != h.provider.URL || s.Subject != "1" || s.SID != "a" {
		t.Errorf("got %v %s %s %s", s.Methods, s.Issuer, s.Subject, s.SID)
	}

	// The provider's clock is a minute and a half ahead of ours.
	ahead := now.Add(90 * time.Second).Unix()
	s, err = h.finish(h.verify(claims{"iat": ahead, "exp": ahead + 300, "auth_time": ahead - 600}), session.StartOptions{})
	if want := now.Add(-10 * time.Minute); err != nil || !s.AuthenticatedAt.Equal(want) {
		t.Errorf("with another clock: got %v (%v), want %v", s, err, want)
	}

	s, err = h.finish(h.verify(claims{"auth_time": nil}), session.StartOptions{})
	if err != nil || !s.AuthenticatedAt.Equal(session.AuthTimeUnknown) || !s.ExpiresAt.Equal(now.Add(limit)) {
		t.Errorf("without auth_time: got %v (%v), want no recent proof, and the limit from now", s, err)
	}
	_, err = h.finish(h.verify(claims{"auth_time": now.Add(-limit).Unix()}), session.StartOptions{})
	if !errors.Is(err, session.ErrOutdated) {
		t.Errorf("with a proof as old as a session gets: got %v, want ErrOutdated", err)
	}
	if _, err := h.finish(h.verify(nil), session.StartOptions{Issuer: "https://other.example", Subject: "1"}); err == nil {
		t.Error("with another Issuer in StartOptions: got no error")
	}
}

func TestBadIDToken(t *testing.T) {
	h := newHost(t, nil)
	now := h.time().Unix()
	for name, change := range map[string]claims{
		"another nonce":      {"nonce": "m"},
		"no nonce":           {"nonce": nil},
		"no sub":             {"sub": nil},
		"another iss":        {"iss": "https://evil.example"},
		"another aud":        {"aud": "other"},
		"two aud, no azp":    {"aud": []string{client, "other"}},
		"azp is another":     {"azp": "other"},
		"expired":            {"iat": now - 3600, "exp": now - 600},
		"iat in the future":  {"iat": now + 600, "exp": now + 900},
		"auth_time is text":  {"auth_time": "now"},
		"a logout token":     {"nonce": nil, "events": claims{"http://schemas.openid.net/event/backchannel-logout": claims{}}},
		"sid is not a text":  {"sid": 5},
		"amr is not a list":  {"amr": "pwd"},
		"acr is not a text":  {"acr": 1},
		"exp is not there":   {"exp": nil},
		"aud is not a text":  {"aud": 7},
		"sub is not a text":  {"sub": []string{"1"}},
		"iss is not a text":  {"iss": 7},
		"nonce is not a one": {"nonce": 7},
	} {
		if id, err := h.openid.Verify(t.Context(), h.idToken(change), "n"); err == nil {
			t.Errorf("%s: got %+v, want an error", name, id)
		}
	}
	if _, err := h.openid.Verify(t.Context(), h.idToken(claims{"nonce": nil}), ""); err == nil {
		t.Error("no nonce at all: got no error")
	}
}

// TestStepUp proves that only a proof that was given since counts.
func TestStepUp(t *testing.T) {
	h := newHost(t, nil)
	s, err := h.finish(h.verify(claims{"auth_time": h.time().Add(-time.Hour).Unix()}), session.StartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	since := h.time()
	h.pass(20 * time.Second)
	now := h.time()
	again := func(id *openid.Identity) error {
		var err error
		ticket, terr := h.manager.BeginIssued(t.Context(), "ada", session.Issued{Issuer: h.provider.URL, Subject: "1", SID: "a"})
		if terr != nil {
			t.Fatal(terr)
		}
		_, token, serr := h.manager.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{Carrier: session.CarrierBearer, AuthenticatedAt: s.AuthenticatedAt})
		if serr != nil {
			t.Fatal(serr)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
		h.mw.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var re session.Reauthentication
			if re, err = h.openid.Reauthenticated(w, r, id, since, session.Proof{}); err == nil && now.Sub(re.Session.AuthenticatedAt) > 10*time.Second {
				t.Errorf("AuthenticatedAt: got %v, want %v or a little before", re.Session.AuthenticatedAt, now)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
		return err
	}
	for name, c := range map[string]struct {
		change claims
		want   error
	}{
		"asked":                      {claims{"auth_time": now.Unix() - 5}, nil},
		"asked, clock ahead":         {claims{"iat": now.Unix() + 60, "auth_time": now.Unix() + 55}, nil},
		"asked, clock behind":        {claims{"iat": now.Unix() - 60, "auth_time": now.Unix() - 65}, nil},
		"ignored the prompt":         {claims{"auth_time": now.Add(-time.Hour).Unix()}, openid.ErrNoProof},
		"ignored it, a minute":       {claims{"auth_time": now.Add(-time.Minute).Unix()}, openid.ErrNoProof},
		"ignored it, clock ahead":    {claims{"iat": now.Unix() + 60, "auth_time": now.Unix() + 10}, openid.ErrNoProof},
		"does not say":               {claims{"auth_time": nil}, openid.ErrNoProof},
		"another subject":            {claims{"sub": "2"}, openid.ErrNoProof},
		"another sign-in of theirs":  {claims{"sid": "b"}, nil},
		"auth_time after iat, a bit": {claims{"auth_time": now.Unix() + 1}, nil},
	} {
		if err := again(h.verify(c.change)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestURLs(t *testing.T) {
	h := newHost(t, nil)
	cfg := oauth2.Config{ClientID: client, Endpoint: h.openid.Endpoint()}
	if u := cfg.AuthCodeURL("s", h.openid.MaxAge()); !strings.HasPrefix(u, h.provider.URL+"/auth?") || !strings.Contains(u, "max_age=2592000") {
		t.Errorf("sign-in: got %s", u)
	}
	if u := cfg.AuthCodeURL("s", h.openid.StepUp()...); !strings.Contains(u, "prompt=login") || !strings.Contains(u, "max_age=0") {
		t.Errorf("step-up: got %s", u)
	}
	u, err := url.Parse(h.openid.EndSessionURL("hint", "https://photos.example/bye", "s"))
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"x": {"1"}, "client_id": {client}, "id_token_hint": {"hint"}, "post_logout_redirect_uri": {"https://photos.example/bye"}, "state": {"s"}}
	if u.Query().Encode() != want.Encode() || u.Path != "/end" {
		t.Errorf("end of session: got %v", u)
	}
}

func TestNew(t *testing.T) {
	h := newHost(t, nil)
	for name, f := range map[string]func() (*openid.Provider, error){
		"no Middleware": func() (*openid.Provider, error) {
			return openid.New(t.Context(), nil, h.provider.URL, client, openid.Config{})
		},
		"no client": func() (*openid.Provider, error) {
			return openid.New(t.Context(), h.mw, h.provider.URL, "", openid.Config{})
		},
		"another issuer": func() (*openid.Provider, error) {
			return openid.New(t.Context(), h.mw, h.provider.URL+"/", client, openid.Config{})
		},
		"nobody there": func() (*openid.Provider, error) {
			return openid.New(t.Context(), h.mw, "http://127.0.0.1:1", client, openid.Config{})
		},
		"negative Skew": func() (*openid.Provider, error) {
			return openid.New(t.Context(), h.mw, h.provider.URL, client, openid.Config{Skew: -1})
		},
	} {
		if _, err := f(); err == nil || !strings.HasPrefix(err.Error(), "openid: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
