package openid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysFresh  = 5 * time.Minute  // then they are asked for anew, so that one that was taken away is
	keysRetry  = 10 * time.Second // no sooner is anything fetched again, whatever tokens come
	keysStale  = 24 * time.Hour   // so long they count if the provider does not answer
	maxKeySet  = 1 << 20          // bytes
	maxKeyUses = 64               // keys of one set that are looked at
)

// keySet is the provider's public keys, an oidc.KeySet. That of go-oidc fetches
// for every token that it cannot verify, and keeps a key for ever.
type keySet struct {
	url        string
	client     *http.Client
	algorithms []string
	now        func() time.Time

	mu             sync.Mutex // held while fetching: the others wait for that
	keys           []jose.JSONWebKey
	fetched, tried time.Time
}

var errSignature = errors.New("no key of the provider has signed this")

// VerifySignature returns what was signed.
func (k *keySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	var algorithms []jose.SignatureAlgorithm
	for _, a := range k.algorithms {
		algorithms = append(algorithms, jose.SignatureAlgorithm(a))
	}
	jws, err := jose.ParseSignedCompact(jwt, algorithms)
	if err != nil {
		return nil, err
	}
	h := jws.Signatures[0].Header
	keys, err := k.named(ctx, h.KeyID)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if key.Use == "enc" || key.Algorithm != "" && key.Algorithm != h.Algorithm || !key.IsPublic() {
			continue
		}
		if payload, err := jws.Verify(&key); err == nil {
			return payload, nil
		}
	}
	return nil, errSignature
}

// named returns the keys of that name, all of them for none.
func (k *keySet) named(ctx context.Context, name string) ([]jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	found := k.find(name)
	var err error
	if stale := now.Sub(k.fetched) >= keysFresh; (stale || len(found) == 0) && now.Sub(k.tried) >= keysRetry {
		k.tried = now
		if err = k.fetch(ctx, now); err == nil {
			found = k.find(name)
		}
	}
	if now.Sub(k.fetched) >= keysStale {
		return nil, errors.Join(errors.New("the provider's keys are not known"), err)
	}
	return found, nil
}

func (k *keySet) find(name string) (found []jose.JSONWebKey) {
	for _, key := range k.keys {
		if name == "" || key.KeyID == name {
			found = append(found, key)
		}
	}
	return found
}

// fetch is not ended by the request that needs it: others wait for it as well.
func (k *keySet) fetch(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysRetry)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return err
	}
	answer, err := k.client.Do(r)
	if err != nil {
		return err
	}
	defer drain(answer.Body, 1<<10)
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxKeySet+1))
	switch {
	case err != nil:
		return err
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("keys: %s", answer.Status)
	case len(body) > maxKeySet:
		return errors.New("keys: more than a megabyte")
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys[:min(len(set.Keys), maxKeyUses)] {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) == nil && key.Valid() { // RFC 7517, section 5: what is not understood is passed over
			keys = append(keys, key)
		}
	}
	k.keys, k.fetched = keys, now
	return nil
}
