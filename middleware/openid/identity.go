package openid

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/signedin/signedin/session"
)

// An Identity is what a verified ID token says of its user.
type Identity struct {
	session.Issued
	// AuthTime is auth_time, by the provider's clock: when the user last proved
	// who they are. Zero if the provider does not say.
	AuthTime time.Time
	// Methods is amr (RFC 8176), and acr as "acr:…" if there is one.
	Methods []string

	issuedAt, seenAt time.Time // by the provider's clock, and by ours
	claims           json.RawMessage
}

// Claims decodes all claims of the ID token into v.
func (id *Identity) Claims(v any) error { return json.Unmarshal(id.claims, v) }

// sinceAuth is how old the proof was when the token was made, by the provider's
// clock alone.
func (id *Identity) sinceAuth() time.Duration { return max(0, id.issuedAt.Sub(id.AuthTime)) }

// authenticatedAt is when the user proved who they are, by our clock. If the
// provider does not say, it is so long ago that nothing counts as recent.
func (id *Identity) authenticatedAt() time.Time {
	if id.AuthTime.IsZero() {
		return session.AuthTimeUnknown
	}
	return id.seenAt.Add(-id.sinceAuth())
}

// Verify verifies an ID token (OpenID Connect Core 1.0, section 3.1.3.7). Nonce is
// what was sent along with this sign-in, never empty, and kept with the browser.
func (p *Provider) Verify(ctx context.Context, rawIDToken, nonce string) (*Identity, error) {
	if nonce == "" {
		return nil, errors.New("openid: no nonce")
	}
	t, err := p.verifier.Verify(ctx, rawIDToken)
	if err != nil {
		return nil, fmt.Errorf("openid: %w", err)
	}
	var told struct {
		SID      string   `json:"sid"`
		AuthTime float64  `json:"auth_time"`
		AMR      []string `json:"amr"`
		ACR      string   `json:"acr"`
		AZP      string   `json:"azp"`
	}
	id := &Identity{issuedAt: t.IssuedAt, seenAt: p.now()}
	if err := errors.Join(t.Claims(&told), t.Claims(&id.claims)); err != nil {
		return nil, fmt.Errorf("openid: claims: %w", err)
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(nonce)) != 1:
		return nil, errors.New("openid: the nonce is not that of this sign-in")
	case t.Subject == "":
		return nil, errors.New("openid: no sub")
	case len(t.Audience) > 1 && told.AZP != p.clientID, told.AZP != "" && told.AZP != p.clientID:
		return nil, errors.New("openid: azp is another client")
	case t.IssuedAt.After(id.seenAt.Add(p.cfg.Skew)):
		return nil, errors.New("openid: iat is in the future")
	}
	id.Issued = session.Issued{Issuer: t.Issuer, Subject: t.Subject, SID: told.SID}
	if told.AuthTime > 0 && told.AuthTime < 1<<40 {
		id.AuthTime = time.Unix(int64(told.AuthTime), 0).UTC()
	}
	if id.Methods = told.AMR; told.ACR != "" {
		id.Methods = append(id.Methods, "acr:"+told.ACR)
	}
	return id, nil
}
