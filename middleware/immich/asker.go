package immich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// These are variables for tests on machines that have other things to do.
var (
	askTimeout = 3 * time.Second
	askWait    = time.Second // for one of the askers slots
)

const (
	maxAsking = 8       // questions to Immich at once
	maxAnswer = 1 << 20 // bytes; a user has some 500, a list of 1,000 sessions some 300 kB

	// nobodysFor is how long a token that Immich refused is not asked for again.
	nobodysFor = time.Minute
	// againAfter is how long other questions about a session are not repeated.
	againAfter = time.Minute
	maxNoted   = 8192
)

var (
	errBusy = errors.New("immich: too many questions at once")
	// errNobodys is a definite answer: Immich does not know the token.
	errNobodys = fmt.Errorf("immich: %w", session.ErrUnknown)
)

// asker asks Immich about a token, with the token itself.
type asker struct {
	target *url.URL
	client *http.Client
	now    func() time.Time
	slots  chan struct{}

	mu      sync.Mutex
	flights map[session.ID]*flight
	nobodys noted     // until when
	asked   noted     // when
	anew    time.Time // before it counts for nothing
}

// flight is a question that others wait for who have the same.
type flight struct {
	done   chan struct{}
	person person
	err    error
}

// A person is whose a token is.
type person struct {
	ID      string `json:"id"`
	Email   string `json:"email"`
	OAuthID string `json:"oauthId"`
}

func newAsker(target *url.URL, t http.RoundTripper, now func() time.Time) *asker {
	return &asker{
		target: target,
		client: &http.Client{Transport: t, Timeout: askTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		now:    now,
		slots:  make(chan struct{}, maxAsking), flights: make(map[session.ID]*flight),
		nobodys: make(noted), asked: make(noted),
	}
}

// who returns whose the token is, [errNobodys] if Immich refuses it. All who ask
// at once for the same token share one question.
func (a *asker) who(r *http.Request, token string) (person, error) {
	id := session.ForeignCredential(token).ID
	a.mu.Lock()
	if a.nobodys.has(id, a.now()) {
		a.mu.Unlock()
		return person{}, errNobodys
	}
	f, there := a.flights[id]
	if !there {
		f = &flight{done: make(chan struct{})}
		a.flights[id] = f
	}
	a.mu.Unlock()
	if there {
		select {
		case <-f.done:
			return f.person, f.err
		case <-r.Context().Done():
			return person{}, r.Context().Err()
		}
	}
	defer func() { // also if it panics
		a.mu.Lock()
		delete(a.flights, id)
		if errors.Is(f.err, errNobodys) {
			a.nobodys.note(id, a.now().Add(nobodysFor))
		}
		a.mu.Unlock()
		close(f.done)
	}()
	f.err = errBusy
	// Others wait for it: it goes on when this client has gone.
	f.person, f.err = a.askWho(r.WithContext(context.WithoutCancel(r.Context())), token)
	return f.person, f.err
}

func (a *asker) askWho(r *http.Request, token string) (who person, err error) {
	if err = a.ask(r, http.MethodGet, "/api/users/me", token, &who); err == nil && (who.ID == "" || len(who.Email) > maxText || len(who.OAuthID) > maxText) {
		err = errors.New("immich: answer without a user, or one that is too long")
	}
	return who, err
}

// isNobodys reports whether Immich has said lately that it does not know the
// token.
func (a *asker) isNobodys(token string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.nobodys.has(session.ForeignCredential(token).ID, a.now())
}

// mayAsk reports whether a question about a session, or user, was not asked for so
// long, and notes that it is asked now.
func (a *asker) mayAsk(id session.ID, wait time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if last, ok := a.asked[id]; ok && !last.Before(a.anew) && now.Sub(last) < wait && !now.Before(last) {
		return false
	}
	a.asked.note(id, now)
	return true
}

// askAgain has a question, which is asked each wait, asked again sooner.
func (a *asker) askAgain(id session.ID, wait, sooner time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked.note(id, a.now().Add(sooner-wait))
}

// askAnew has all questions asked again.
func (a *asker) askAnew() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.anew = a.now().Add(1)
}

// forgive has it forgotten that a token was refused.
func (a *asker) forgive(id session.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.nobodys, id)
}

// whoByKey returns whose the API key of r is. Not every key may ask.
func (a *asker) whoByKey(r *http.Request) (who person, err error) {
	if err = a.askByKey(r, http.MethodGet, "/api/users/me", &who); err == nil && who.ID == "" {
		err = errors.New("immich: answer without a user")
	}
	return who, err
}

func (a *asker) askByKey(r *http.Request, method, path string, answer any) error {
	key := r.Header.Get("X-Api-Key")
	if key == "" {
		key = r.URL.Query().Get("apiKey")
	}
	if key == "" {
		return errors.New("immich: no API key")
	}
	return a.send(r, method, path, "X-Api-Key", key, answer)
}

// Ask asks Immich for what is at a path of its API, as the client of r, which has a
// session, and decodes the JSON of the answer.
func (p *Proxy) Ask(r *http.Request, path string, answer any) error {
	token := find(r).token
	if sessionOf(r, token) == nil {
		return middleware.ErrSignInRequired
	}
	return p.asker.ask(r, http.MethodGet, path, token, answer)
}

// ask sends one request with a token to Immich, in the place of r's client, and
// decodes the JSON of a 2xx into answer, if that is not nil.
func (a *asker) ask(r *http.Request, method, path, token string, answer any) error {
	return a.send(r, method, path, tokenHeaders[0], token, answer)
}

func (a *asker) send(r *http.Request, method, path, header, credential string, answer any) error {
	if err := a.enter(r.Context()); err != nil {
		return err
	}
	defer func() { <-a.slots }()
	req, err := http.NewRequestWithContext(r.Context(), method, a.target.JoinPath(path).String(), nil)
	if err != nil {
		return fmt.Errorf("immich: ask: %w", err)
	}
	req.Header.Set(header, credential)
	req.Header.Set("Accept", "application/json")
	// Immich notes the device of a session by any request, so it gets the
	// client's.
	for _, name := range []string{"User-Agent", "Devicemodel", "Devicetype"} {
		if v, ok := r.Header[name]; ok {
			req.Header[name] = v
		}
	}
	res, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("immich: ask: %w", err)
	}
	defer res.Body.Close()
	return read(res, answer)
}

// enter waits for its turn to ask.
func (a *asker) enter(ctx context.Context) error {
	wait := time.NewTimer(askWait)
	defer wait.Stop()
	select {
	case a.slots <- struct{}{}:
		return nil
	case <-wait.C:
		return errBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read reads what Immich answered.
func read(res *http.Response, answer any) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case res.StatusCode == http.StatusUnauthorized && res.Header.Get("WWW-Authenticate") == "": // which Immich does not send
		return errNobodys
	case res.StatusCode/100 != 2:
		return &statusError{res.StatusCode}
	case err != nil:
		return fmt.Errorf("immich: ask: %w", err)
	case len(body) > maxAnswer:
		return fmt.Errorf("immich: ask: answer longer than %d bytes", maxAnswer)
	case answer == nil:
		return nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("immich: ask: %w", err)
	}
	return nil
}

// statusError is an answer of Immich that is neither yes nor 401.
type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("immich: answer %d", e.status) }

// noted has a time of each of many sessions: until when something holds, say.
type noted map[session.ID]time.Time

func (n noted) has(id session.ID, now time.Time) bool { return now.Before(n[id]) }

func (n noted) note(id session.ID, at time.Time) {
	if len(n) >= maxNoted {
		for old := range n { // any: it is asked once more
			delete(n, old)
			break
		}
	}
	n[id] = at
}
