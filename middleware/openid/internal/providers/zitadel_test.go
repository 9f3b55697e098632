package providers

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/crypto"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/signedin/signedin/store/storetest/need"
)

// tells is the provider's storage, which tells the client of a sign-out, by
// subject: zitadel/oidc leaves that to who uses it.
type tells struct {
	*storage.Storage
	issuer, to string
	statuses   chan int
}

func (s *tells) TerminateSession(ctx context.Context, userID, clientID string) error {
	if err := s.Storage.TerminateSession(ctx, userID, clientID); err != nil {
		return err
	}
	key, err := s.SigningKey(ctx)
	if err != nil {
		return err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: key.SignatureAlgorithm(), Key: &jose.JSONWebKey{Key: key.Key(), KeyID: key.ID()}},
		(&jose.SignerOptions{}).WithType("logout+jwt"))
	if err != nil {
		return err
	}
	token, err := crypto.Sign(oidc.NewLogoutTokenClaims(s.issuer, userID, oidc.Audience{clientID}, time.Now().Add(time.Minute), uuid.NewString(), "", 0), signer)
	if err != nil {
		return err
	}
	answer, err := http.PostForm(s.to, url.Values{"logout_token": {token}})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	s.statuses <- answer.StatusCode
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the client answers %s", answer.Status)
	}
	return nil
}

// TestZitadel is the way at the certified Go provider zitadel/oidc, which names
// subjects: a sign-out there ends every session of the user.
func TestZitadel(t *testing.T) {
	need.Heavy(t)
	a := newApp(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer := "http://" + l.Addr().String()
	storage.RegisterClients(storage.WebClient(clientID, clientSecret, a.url()+"/callback"))
	s := &tells{storage.NewStorage(storage.NewUserStore(issuer)), issuer, a.url() + "/openid/logout", make(chan int, 10)}
	server := &http.Server{Handler: exampleop.SetupServer(issuer, s, nil, false, op.WithAllowInsecure()), ReadHeaderTimeout: time.Minute}
	go server.Serve(l) //nolint:errcheck // ends with the test
	t.Cleanup(func() { server.Close() })
	a.start(t, issuer)

	laptop, phone := newBrowser(t), newBrowser(t)
	for _, b := range []*browser{laptop, phone} {
		p := b.submit(b.get(a.url()+"/login?next=/"), url.Values{"username": {"test-user2"}, "password": {"verysecure"}})
		if !strings.Contains(p.body, "Signed in as id2") {
			t.Fatalf("sign-in: got %d at %s: %s", p.status, p.url, p.body)
		}
	}
	p := phone.submit(phone.get(a.url()+"/confirm?next=/devices"), url.Values{"username": {"test-user2"}, "password": {"verysecure"}})
	if p.status != http.StatusOK || p.url.Path != "/devices" {
		t.Errorf("step-up: got %d at %s, want the page of devices", p.status, p.url)
	}
	p = phone.submit(phone.get(a.url()+"/confirm?next=/devices"), url.Values{"username": {"test-user@127.0.0.1"}, "password": {"verysecure"}})
	if p.status != http.StatusForbidden {
		t.Errorf("step-up as another user: got %d at %s, want 403", p.status, p.url)
	}

	ends := laptop.streams(a)
	from := time.Now()
	if err := s.TerminateSession(t.Context(), "id2", clientID); err != nil {
		t.Fatal(err)
	}
	if status := <-s.statuses; status != http.StatusOK {
		t.Errorf("logout token: got %d, want 200", status)
	}
	wantCut(t, from, ends)
	laptop.wantSignedIn(a, false)
	phone.wantSignedIn(a, false)
}
