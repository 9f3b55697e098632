package openid

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/signedin/signedin/session"
)

const (
	maxLogoutBody  = 64 << 10 // bytes of the form
	maxLogoutToken = 16 << 10 // bytes
	maxLogoutLife  = 7 * 24 * time.Hour
	maxJTI         = 1 << 10 // bytes
)

// BackChannelLogout takes the provider's logout tokens: the address to register
// there as backchannel_logout_uri. It belongs outside of Load and Require, and
// needs to be reached by the provider only.
//
// The answer is 200 once the sessions have ended, and 400 with an error in JSON
// if they have not (OpenID Connect Back-Channel Logout 1.0, section 2.8).
func (p *Provider) BackChannelLogout() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		select {
		case p.busy <- struct{}{}:
			defer func() { <-p.busy }()
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many sign-outs at once", http.StatusServiceUnavailable)
			return
		}
		ended, err := p.backChannel(w, r)
		if err != nil {
			p.refuse(w, r, err)
			return
		}
		p.cfg.Logger.InfoContext(r.Context(), "openid: signed out by the provider", "sessions", ended)
	})
}

// invalid is what is wrong with a request. It holds nothing of the token.
type invalid string

func (i invalid) Error() string { return string(i) }

func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) {
	answer := struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{"invalid_request", err.Error()}
	if bad := invalid(""); !errors.As(err, &bad) {
		answer.Error, answer.Description = "server_error", "the sessions could not be ended; please send it again"
	}
	if p.told.once(p.now()) {
		p.cfg.Logger.WarnContext(r.Context(), "openid: logout token refused", "error", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(answer) // the client is gone
}

// throttle lets one a second through.
type throttle struct{ last atomic.Int64 }

func (t *throttle) once(now time.Time) bool {
	last := t.last.Load()
	return now.Unix() != last && t.last.CompareAndSwap(last, now.Unix())
}

func (p *Provider) backChannel(w http.ResponseWriter, r *http.Request) (int, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return 0, invalid("not a form")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxLogoutBody)
	if err := r.ParseForm(); err != nil {
		return 0, invalid("the form cannot be read")
	}
	tokens := r.PostForm["logout_token"]
	if len(tokens) != 1 {
		return 0, invalid("there has to be one logout_token")
	}
	out, err := p.verifyLogout(r.Context(), tokens[0])
	if err != nil {
		return 0, err
	}
	ended, err := p.mw.Manager().RevokeIssued(r.Context(), *out)
	if errors.Is(err, session.ErrIssuedMismatch) {
		err = invalid("sub and sid are of different users")
	}
	return ended, err
}

// logoutClaims are looked at before the signature, so that what cannot be meant
// for us makes nobody fetch keys, and after it once more.
type logoutClaims struct {
	Issuer   string                     `json:"iss"`
	Audience any                        `json:"aud"`
	IssuedAt *float64                   `json:"iat"`
	Expiry   *float64                   `json:"exp"`
	ID       string                     `json:"jti"`
	Events   map[string]json.RawMessage `json:"events"`
	Nonce    json.RawMessage            `json:"nonce"`
	Subject  *string                    `json:"sub"`
	SID      *string                    `json:"sid"`
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

func (p *Provider) verifyLogout(ctx context.Context, raw string) (*session.IssuerSignOut, error) {
	if len(raw) > maxLogoutToken {
		return nil, invalid("the token is too long")
	}
	header, claims, err := peek(raw)
	if err != nil {
		return nil, err
	}
	if err := p.checkHeader(header); err != nil {
		return nil, err
	}
	if err := p.checkClaims(claims); err != nil {
		return nil, err
	}
	t, err := p.verifier.VerifyLogout(ctx, raw)
	if err != nil {
		return nil, invalid("the token is not valid")
	}
	return &session.IssuerSignOut{
		Issued:  session.Issued{Issuer: t.Issuer, Subject: t.Subject, SID: t.SessionID},
		Message: t.TokenID, Until: t.Expiry.Add(p.cfg.Skew),
	}, nil
}

type logoutHeader struct {
	Algorithm string   `json:"alg"`
	Type      string   `json:"typ"`
	Critical  []string `json:"crit"`
}

// peek reads a token without believing it.
func peek(raw string) (h logoutHeader, c logoutClaims, err error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return h, c, invalid("not a signed token")
	}
	for i, to := range []any{&h, &c} {
		b, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil || json.Unmarshal(b, to) != nil {
			return h, c, invalid("the token cannot be read")
		}
	}
	return h, c, nil
}

func (p *Provider) checkHeader(h logoutHeader) error {
	if len(only([]string{h.Algorithm}, p.algorithms)) == 0 {
		return invalid("alg is not one that the provider uses")
	}
	// "logout+jwt" is recommended (section 2.4), most providers send "JWT".
	switch strings.TrimPrefix(strings.ToLower(h.Type), "application/") {
	case "", "jwt", "logout+jwt":
	default:
		return invalid("typ is not that of a logout token")
	}
	if h.Critical != nil {
		return invalid("crit is not understood")
	}
	return nil
}

func (p *Provider) checkClaims(c logoutClaims) error {
	now := p.now()
	at := func(seconds float64) time.Time { return time.Unix(int64(max(-1<<40, min(seconds, 1<<40))), 0) }
	switch {
	case c.Issuer != p.issuer:
		return invalid("iss is another issuer")
	case !names(c.Audience, p.clientID):
		return invalid("aud does not name this client")
	case c.IssuedAt == nil || c.Expiry == nil:
		return invalid("iat or exp is missing")
	case at(*c.IssuedAt).After(now.Add(p.cfg.Skew)):
		return invalid("iat is in the future")
	case !at(*c.Expiry).After(now.Add(-p.cfg.Skew)):
		return invalid("the token has expired")
	case at(*c.Expiry).After(now.Add(maxLogoutLife)):
		return invalid("exp is too far away")
	case c.ID == "" || len(c.ID) > maxJTI:
		return invalid("jti is missing, or too long")
	case c.Nonce != nil:
		return invalid("a logout token has no nonce")
	case !isObject(c.Events[logoutEvent]):
		return invalid("events does not name the logout")
	case empty(c.Subject) || empty(c.SID):
		return invalid("sub or sid is empty, or too long")
	case c.Subject == nil && c.SID == nil:
		return invalid("neither sub nor sid")
	}
	return nil
}

func empty(s *string) bool { return s != nil && (*s == "" || len(*s) > maxJTI) }

func isObject(raw json.RawMessage) bool {
	var o map[string]json.RawMessage
	return json.Unmarshal(raw, &o) == nil && o != nil
}

// names reports whether aud, a text or a list of them, names the client.
func names(aud any, client string) bool {
	switch aud := aud.(type) {
	case string:
		return aud == client
	case []any:
		for _, a := range aud {
			if a == client {
				return true
			}
		}
	}
	return false
}

// FrontChannelLogout is the address to register as frontchannel_logout_uri, with
// frontchannel_logout_session_required: the provider shows it in a frame of its
// page when a user signs out there (OpenID Connect Front-Channel Logout 1.0).
//
// Nobody has signed such a request. It ends the sessions of the sid that it
// names, which only the provider and we know, and nothing else: a sign-in that
// is under way goes on. Prefer the back channel where the provider has one.
func (p *Provider) FrontChannelLogout() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		q := r.URL.Query()
		if len(q["iss"]) != 1 || len(q["sid"]) != 1 || q.Get("iss") != p.issuer || q.Get("sid") == "" || len(q.Get("sid")) > maxJTI {
			http.Error(w, "not a sign-out of the provider", http.StatusBadRequest)
			return
		}
		_, err := p.mw.Manager().RevokeIssued(r.Context(), session.IssuerSignOut{
			Issued: session.Issued{Issuer: p.issuer, SID: q.Get("sid")}, Unsigned: true,
		})
		if err != nil {
			p.cfg.Logger.ErrorContext(r.Context(), "openid: front-channel logout", "error", err)
			w.Header().Set("Retry-After", "2")
			http.Error(w, "please try again", http.StatusServiceUnavailable)
		}
	})
}
