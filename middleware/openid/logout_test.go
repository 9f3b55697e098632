package openid_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func TestLogout(t *testing.T) {
	h := newHost(t, nil)
	laptop, phone, adopted := h.signIn("1", "a"), h.signIn("1", "b"), h.signIn("1", "")
	other := h.signIn("2", "c")

	h.wantStatus(h.post(h.token(h.logout(claims{"sid": "a"}))), http.StatusOK)
	h.wantLive(laptop, false)
	h.wantLive(phone, true)
	h.wantLive(adopted, true)
	h.wantStatus(h.post(h.token(h.logout(claims{"sid": "b", "sub": "1"}))), http.StatusOK)
	h.wantLive(phone, false)
	h.wantLive(adopted, false) // nobody knows which sign-in it is of
	phone = h.signIn("1", "d")
	h.wantStatus(h.post(h.token(h.logout(claims{"sub": "1"}))), http.StatusOK)
	h.wantLive(phone, false)
	h.wantLive(other, true)
	h.wantStatus(h.post(h.token(h.logout(claims{"sub": "nobody"}))), http.StatusOK)
	history, err := h.manager.History(t.Context(), "user 1", 0)
	if err != nil || len(history) != 4 {
		t.Fatalf("History: got %d (%v), want 4", len(history), err)
	}
	for _, s := range history {
		if s.Ended.Reason != session.ReasonIssuer {
			t.Errorf("Reason: got %q, want %q", s.Ended.Reason, session.ReasonIssuer)
		}
	}
}

// TestLogoutForms has tokens as providers make them.
func TestLogoutForms(t *testing.T) {
	for name, change := range map[string]struct {
		typ string
		claims
	}{
		"typ JWT":          {"JWT", claims{}},
		"no typ":           {"", claims{}},
		"long typ":         {"application/logout+jwt", claims{}},
		"aud is a list":    {"JWT", claims{"aud": []string{"other", client}}},
		"more events":      {"JWT", claims{"events": claims{"urn:x": 1, "http://schemas.openid.net/event/backchannel-logout": claims{"y": 1}}}},
		"fractional times": {"JWT", claims{"trace_id": "x"}},
		"clock is ahead":   {"JWT", claims{"iat": time.Date(2026, 11, 29, 12, 1, 30, 0, time.UTC).Unix()}},
		"clock is behind":  {"JWT", claims{"exp": time.Date(2026, 11, 29, 11, 58, 30, 0, time.UTC).Unix()}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, nil)
			s := h.signIn("1", "a")
			change.claims["sid"] = "a"
			h.wantStatus(h.post(signed(t, rsaKey(), "one", change.typ, h.logout(change.claims))), http.StatusOK)
			h.wantLive(s, false)
		})
	}
}

// TestBadLogout sends what is no logout token for us: nothing ends, and nobody
// makes us ask the provider again and again.
func TestBadLogout(t *testing.T) {
	h := newHost(t, nil)
	ada, bob := h.signIn("1", "a"), h.signIn("2", "b")
	h.wantStatus(h.post(h.token(h.logout(claims{"sub": "nobody"}))), http.StatusOK) // the keys are known now
	h.pass(time.Minute)
	before := h.provider.fetched.Load()

	der, err := x509.MarshalPKIXPublicKey(rsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := h.time().Unix()
	good := func(change claims) claims {
		c := h.logout(change)
		if change["sub"] == nil && change["sid"] == nil {
			c["sid"] = "a"
		}
		return c
	}
	raw := func(header, payload, signature string) string {
		e := base64.RawURLEncoding.EncodeToString
		return e([]byte(header)) + "." + e([]byte(payload)) + "." + e([]byte(signature))
	}
	text := func(c claims) string {
		b, _ := json.Marshal(c)
		return string(b)
	}
	valid := h.token(good(nil))
	parts := strings.Split(valid, ".")
	bad := map[string]string{
		"empty":                     "",
		"no token":                  "hello",
		"two parts":                 parts[0] + "." + parts[1],
		"four parts":                valid + ".x",
		"no signature":              parts[0] + "." + parts[1] + ".",
		"padding":                   parts[0] + "." + parts[1] + "=." + parts[2],
		"space before":              " " + valid,
		"standard base64":           raw(`{"alg":"RS256"}`, `???>>>`, "x") + "+/",
		"header is no JSON":         raw(`x`, text(good(nil)), "x"),
		"payload is no JSON":        raw(`{"alg":"RS256"}`, `x`, "x"),
		"payload is a list":         signed(t, rsaKey(), "one", "JWT", `[]`),
		"payload is null":           signed(t, rsaKey(), "one", "JWT", `null`),
		"alg none":                  raw(`{"alg":"none"}`, text(good(nil)), ""),
		"alg NONE":                  raw(`{"alg":"NONE"}`, text(good(nil)), ""),
		"no alg":                    raw(`{}`, text(good(nil)), "x"),
		"HS256 with the public key": signed(t, public, "one", "JWT", good(nil)),
		"HS256 with the DER":        signed(t, der, "one", "JWT", good(nil)),
		"RS512, not announced":      raw(`{"alg":"RS512","kid":"one"}`, text(good(nil)), "x"),
		"crit":                      raw(`{"alg":"RS256","kid":"one","crit":["exp"]}`, text(good(nil)), "x"),
		"key in the header":         raw(`{"alg":"RS256","jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}}`, text(good(nil)), "x"),
		"key's address":             raw(`{"alg":"RS256","kid":"two","jku":"`+h.provider.URL+`/keys"}`, text(good(nil)), "x"),
		"JSON serialization":        `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"two signatures":            `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"},{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"another's key":             signed(t, stranger, "one", "JWT", good(nil)),
		"another's key, no kid":     signed(t, stranger, "", "JWT", good(nil)),
		"wrong kid":                 signed(t, rsaKey(), "two", "JWT", good(nil)),
		"wrong kid, another's key":  signed(t, stranger, "three", "JWT", good(nil)),
		"signature cut":             valid[:len(valid)-4],
		"payload replaced":          parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(text(good(claims{"sid": "b"})))) + "." + parts[2],
		"1 MB":                      h.token(good(claims{"x": strings.Repeat("x", 1<<20)})),
		"40 KB":                     h.token(good(claims{"x": strings.Repeat("x", 40<<10)})),
		"typ of an access token":    signed(t, rsaKey(), "one", "at+jwt", good(nil)),
		"typ of DPoP":               signed(t, rsaKey(), "one", "dpop+jwt", good(nil)),
	}
	for name, change := range map[string]claims{
		"an ID token":              {"events": nil, "nonce": "n", "sub": "1"},
		"no iss":                   {"iss": nil},
		"another iss":              {"iss": "https://evil.example"},
		"iss with a slash":         {"iss": h.provider.URL + "/"},
		"iss is a list":            {"iss": []string{h.provider.URL}},
		"no aud":                   {"aud": nil},
		"another aud":              {"aud": "other"},
		"aud list without us":      {"aud": []string{"other", "photos2"}},
		"aud list is empty":        {"aud": []string{}},
		"aud is a number":          {"aud": 1},
		"aud in another case":      {"aud": "Photos"},
		"no iat":                   {"iat": nil},
		"iat in the future":        {"iat": now + 3600, "exp": now + 7200},
		"iat is text":              {"iat": "now"},
		"no exp":                   {"exp": nil},
		"expired":                  {"iat": now - 7200, "exp": now - 3600},
		"exp is text":              {"exp": "later"},
		"exp in ten years":         {"exp": now + 10*365*86400},
		"exp is huge":              {"exp": 1e300},
		"exp is negative":          {"exp": -1},
		"no jti":                   {"jti": nil},
		"jti is empty":             {"jti": ""},
		"jti is a number":          {"jti": 5},
		"jti is long":              {"jti": strings.Repeat("j", 2000)},
		"no events":                {"events": nil},
		"events is empty":          {"events": claims{}},
		"events is a list":         {"events": []string{"http://schemas.openid.net/event/backchannel-logout"}},
		"events is another":        {"events": claims{"https://schemas.openid.net/secevent/risc/event-type/account-disabled": claims{}}},
		"the event is null":        {"events": claims{"http://schemas.openid.net/event/backchannel-logout": nil}},
		"the event is text":        {"events": claims{"http://schemas.openid.net/event/backchannel-logout": "x"}},
		"nonce":                    {"nonce": "n"},
		"nonce is null":            {"nonce": json.RawMessage("null")},
		"nonce is empty":           {"nonce": ""},
		"sub is empty":             {"sub": "", "sid": "a"},
		"sid is empty":             {"sid": "", "sub": "1"},
		"sub is a number":          {"sub": 1},
		"sid is a list":            {"sid": []string{"a"}},
		"sid is long":              {"sid": strings.Repeat("s", 2000)},
		"sub and sid of different": {"sub": "2", "sid": "a"},
	} {
		c := good(change)
		bad[name] = h.token(c)
	}
	neither := h.logout(nil)
	bad["neither sub nor sid"] = h.token(neither)
	if len(bad) < 60 {
		t.Errorf("%d cases, want 60", len(bad))
	}
	for name, token := range bad {
		w := h.post(token)
		if w.Code != http.StatusBadRequest || w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("%s: got %d %q, want 400 with an error", name, w.Code, w.Body)
		}
	}
	for name, body := range map[string]string{
		"nothing": "", "another field": "token=" + valid, "two": "logout_token=" + valid + "&logout_token=" + valid, "bad escape": "logout_token=%zz",
		"long": "x=" + strings.Repeat("x", 1<<20),
	} {
		if w := h.send(http.MethodPost, "application/x-www-form-urlencoded", body); w.Code != http.StatusBadRequest {
			t.Errorf("form with %s: got %d, want 400", name, w.Code)
		}
	}
	h.wantStatus(h.send(http.MethodPost, "application/json", `{"logout_token":"`+valid+`"}`), http.StatusBadRequest)
	h.wantStatus(h.send(http.MethodGet, "application/x-www-form-urlencoded", ""), http.StatusMethodNotAllowed)
	h.wantLive(ada, true)
	h.wantLive(bob, true)
	// One of them has a kid that is not known: the keys were fetched for it.
	if n := h.provider.fetched.Load() - before; n > 1 {
		t.Errorf("the keys were fetched %d times, want once", n)
	}
	h.wantStatus(h.post(valid), http.StatusOK)
	h.wantLive(ada, false)
}

// TestSentAgain proves that a provider which lost our answer ends nothing of what
// was signed in since.
func TestSentAgain(t *testing.T) {
	h := newHost(t, nil)
	h.signIn("1", "a")
	token := h.token(h.logout(claims{"sub": "1"}))
	h.wantStatus(h.post(token), http.StatusOK)
	s := h.signIn("1", "b")
	for range 3 {
		h.pass(30 * time.Second)
		h.wantStatus(h.post(token), http.StatusOK)
		if _, err := h.manager.Purge(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	h.wantLive(s, true)
	h.pass(time.Hour)
	h.wantStatus(h.post(token), http.StatusBadRequest)
	h.wantLive(s, true)
}

func TestKeys(t *testing.T) {
	h := newHost(t, nil)
	send := func(key crypto.Signer, kid string) int {
		return h.post(signed(t, key, kid, "JWT", h.logout(claims{"sub": "x"}))).Code
	}
	next := newECKey(t)
	want := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %d, want %d", what, got, want)
		}
	}
	want("the first key", send(rsaKey(), "one"), 200)
	h.provider.setKeys(map[string]crypto.Signer{"one": rsaKey(), "two": next})
	want("a new key, at once", send(next, "two"), 400)
	h.pass(11 * time.Second)
	want("a new key", send(next, "two"), 200)
	want("the key before", send(rsaKey(), "one"), 200)

	h.provider.setKeys(map[string]crypto.Signer{"two": next})
	h.pass(6 * time.Minute)
	want("a key that was taken away", send(rsaKey(), "one"), 400)
	want("the one that stays", send(next, "two"), 200)

	h.provider.setDown(true)
	h.pass(23 * time.Hour)
	want("while the provider is down", send(next, "two"), 200)
	h.pass(2 * time.Hour)
	want("for more than a day", send(next, "two"), 400)
	h.provider.setDown(false)
	h.pass(time.Minute)
	want("afterwards", send(next, "two"), 200)

	before := h.provider.fetched.Load()
	for n := range 100 {
		want("a flood", send(rsaKey(), fmt.Sprint("kid ", n)), 400)
		h.pass(100 * time.Millisecond)
	}
	if n := h.provider.fetched.Load() - before; n > 2 {
		t.Errorf("a flood of ten seconds fetched the keys %d times, want 2 at most", n)
	}
}

// unlinked is a store that cannot be asked whose a session is, while it is down.
type unlinked struct {
	*memstore.Store
	down atomic.Bool
}

func (u *unlinked) Linked(ctx context.Context, key session.IssuerKey, after session.ID, limit int) ([]session.Owned, error) {
	if u.down.Load() {
		return nil, errors.New("trouble")
	}
	return u.Store.Linked(ctx, key, after, limit)
}

// TestStoreFails proves that a token is not forgotten whose work was not done.
func TestStoreFails(t *testing.T) {
	store := &unlinked{Store: memstore.New()}
	h := newHost(t, store)
	s := h.signIn("1", "a")
	token := h.token(h.logout(claims{"sid": "a"}))
	store.down.Store(true)
	w := h.post(token)
	h.wantStatus(w, http.StatusBadRequest)
	if !strings.Contains(w.Body.String(), "server_error") || strings.Contains(w.Body.String(), "trouble") {
		t.Errorf("got %q, want server_error and nothing of ours", w.Body)
	}
	store.down.Store(false)
	h.wantLive(s, true)
	h.wantStatus(h.post(token), http.StatusOK)
	h.wantLive(s, false)
}

func TestFrontChannel(t *testing.T) {
	h := newHost(t, nil)
	h.handler = h.openid.FrontChannelLogout()
	s, other := h.signIn("1", "a"), h.signIn("1", "b")
	ticket, err := h.manager.BeginIssued(t.Context(), "user 1", session.Issued{Issuer: h.provider.URL, Subject: "1", SID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	get := func(q url.Values) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/?"+q.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		return w.Code
	}
	for _, q := range []url.Values{
		{}, {"sid": {"a"}}, {"iss": {h.provider.URL}}, {"iss": {"https://evil.example"}, "sid": {"a"}},
		{"iss": {h.provider.URL}, "sid": {""}}, {"iss": {h.provider.URL}, "sid": {"a", "b"}},
	} {
		if got := get(q); got != http.StatusBadRequest {
			t.Errorf("%v: got %d, want 400", q, got)
		}
	}
	h.wantLive(s, true)
	for _, sid := range []string{"a", "c", "unknown"} {
		if got := get(url.Values{"iss": {h.provider.URL}, "sid": {sid}}); got != http.StatusOK {
			t.Errorf("sid %s: got %d, want 200", sid, got)
		}
	}
	h.wantLive(s, false)
	h.wantLive(other, true)
	if _, _, err := h.manager.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{}); err != nil {
		t.Errorf("a sign-in under way: got %v, want none of its business", err)
	}
}

// TestCut proves that what is open is cut, with the reason.
func TestCut(t *testing.T) {
	h := newHost(t, nil)
	ticket, err := h.manager.BeginIssued(t.Context(), "ada", session.Issued{Issuer: h.provider.URL, Subject: "1", SID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := h.manager.Start(t.Context(), ticket, session.Origin{}, session.StartOptions{Carrier: session.CarrierBearer})
	if err != nil {
		t.Fatal(err)
	}
	open, cut := make(chan struct{}), make(chan error, 1)
	stream := h.mw.Require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		done := r.Context().Done()
		close(open)
		<-done
		cut <- context.Cause(r.Context())
	}))
	site := httptest.NewServer(stream)
	defer site.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	go func() {
		if res, err := site.Client().Do(r); err == nil { // a connection that is cut may have answered or not
			_ = res.Body.Close()
		}
	}()
	<-open
	h.wantStatus(h.post(h.token(h.logout(claims{"sid": "a"}))), http.StatusOK)
	if err := <-cut; !errors.Is(err, session.ErrRevoked) {
		t.Errorf("cause: got %v, want ErrRevoked", err)
	}
}

func FuzzLogout(f *testing.F) {
	h := newHost(f, nil)
	valid := h.token(h.logout(claims{"sid": "a"}))
	f.Add("logout_token=" + valid)
	f.Add("logout_token=a.b.c")
	f.Add("logout_token=" + strings.Split(valid, ".")[0] + ".e30.e30")
	f.Fuzz(func(t *testing.T, body string) {
		if w := h.send(http.MethodPost, "application/x-www-form-urlencoded", body); w.Code == http.StatusOK && !strings.Contains(body, valid) {
			t.Errorf("accepted")
		}
	})
}
