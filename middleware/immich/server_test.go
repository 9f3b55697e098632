package immich_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
	"github.com/signedin/signedin/store/storetest"
)

const (
	browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
	phone   = "immich-android/3.1.0"
)

// backend is as much of Immich as these tests need. It keeps to the rules of
// Immich by which a credential is found.
type backend struct {
	mux *http.ServeMux

	mu       sync.Mutex
	sessions map[string]*row // by token

	asked         atomic.Int64 // calls of /api/users/me
	refuses       atomic.Bool  // deletes are answered by 500
	refusesLogout atomic.Bool
	last          atomic.Pointer[http.Request]
	release       chan struct{} // ends a slow stream

	uploading chan struct{} // gets one for each upload that has begun
}

type row struct{ id, user, parent string }

func newBackend() *backend {
	b := &backend{mux: http.NewServeMux(), sessions: make(map[string]*row), release: make(chan struct{}), uploading: make(chan struct{}, 1)}
	b.mux.HandleFunc("POST /api/auth/login", b.login)
	b.mux.HandleFunc("GET /api/server/ping", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"res":"pong"}`) })
	b.mux.HandleFunc("POST /api/oauth/backchannel-logout", func(http.ResponseWriter, *http.Request) {})
	for pattern, f := range map[string]func(http.ResponseWriter, *http.Request, *row){
		"GET /api/users/me":            b.me,
		"POST /api/auth/validateToken": func(w http.ResponseWriter, _ *http.Request, _ *row) { io.WriteString(w, `{"authStatus":true}`) },
		"POST /api/auth/logout": func(w http.ResponseWriter, r *http.Request, s *row) {
			if b.refusesLogout.Load() {
				answer(w, 500, `{}`)
				return
			}
			b.remove(func(o *row) bool { return o == s })
		},
		"POST /api/auth/change-password": b.deleteOthers,
		"GET /api/sessions":              b.list,
		"POST /api/sessions":             b.cast,
		"DELETE /api/sessions":           b.deleteOthers,
		"DELETE /api/sessions/{id}":      b.deleteOne,
		"GET /api/assets/{id}/thumbnail": func(w http.ResponseWriter, _ *http.Request, _ *row) { io.WriteString(w, "a small picture") },
		"POST /api/assets":               b.upload,
		"GET /api/sync/stream":           b.stream,
		"GET /api/assets/{id}/original": func(w http.ResponseWriter, r *http.Request, _ *row) {
			http.ServeContent(w, r, "x", time.Time{}, strings.NewReader(strings.Repeat("0123456789", 1000)))
		},
		"GET /api/socket.io/": b.socket,
	} {
		b.mux.HandleFunc(pattern, b.authenticated(f))
	}
	return b
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.last.Store(r)
	b.mux.ServeHTTP(w, r)
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// credentialOf finds what Immich would.
func credentialOf(r *http.Request) string {
	for _, name := range []string{"x-immich-user-token", "x-immich-session-token"} {
		if v := r.Header.Get(name); v != "" {
			return v
		}
	}
	if v := expressReads(r.URL.RawQuery).Get("sessionKey"); v != "" && !strings.HasPrefix(r.URL.Path, "/api/socket.io") {
		return v
	}
	if words := strings.Split(r.Header.Get("Authorization"), " "); strings.EqualFold(words[0], "bearer") && len(words) > 1 {
		return words[1]
	}
	if c, err := r.Cookie("immich_access_token"); err == nil {
		v, err := url.PathUnescape(strings.Trim(c.Value, `"`))
		if err != nil {
			v = c.Value
		}
		return v
	}
	return ""
}

func (b *backend) authenticated(f func(http.ResponseWriter, *http.Request, *row)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := credentialOf(r)
		b.mu.Lock()
		s := b.sessions[token]
		b.mu.Unlock()
		switch {
		case s != nil:
			f(w, r, s)
		case token == "" && r.Header.Get("x-api-key") == "good":
			f(w, r, &row{user: "key"})
		case token == "":
			answer(w, 401, `{"message":"Authentication required"}`)
		default:
			answer(w, 401, `{"message":"Invalid user token"}`)
		}
	}
}

func (b *backend) start(user, parent string) (token string, s *row) {
	token, s = rand.Text(), &row{uuid.NewString(), user, parent}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions[token] = s
	return token, s
}

func (b *backend) remove(which func(*row) bool) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for token, s := range b.sessions {
		if which(s) {
			delete(b.sessions, token)
			n++
		}
	}
	return n
}

func (b *backend) knows(token string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sessions[token] != nil
}

func (b *backend) login(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password string }
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.Password != "good" {
		answer(w, 401, `{"message":"Incorrect email or password"}`)
		return
	}
	user, _, _ := strings.Cut(in.Email, "@")
	token, _ := b.start(user, "")
	for _, c := range []string{"immich_access_token=" + token, "immich_auth_type=password", "immich_is_authenticated=true"} {
		w.Header().Add("Set-Cookie", c+"; Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax")
	}
	answer(w, 201, fmt.Sprintf(`{"accessToken":%q,"userId":%q,"userEmail":%q,"name":"x","isAdmin":false}`, token, user, in.Email))
}

func (b *backend) me(w http.ResponseWriter, _ *http.Request, s *row) {
	b.asked.Add(1)
	answer(w, 200, fmt.Sprintf(`{"id":%q,"email":"%s@example.com","oauthId":""}`, s.user, s.user))
}

func (b *backend) list(w http.ResponseWriter, _ *http.Request, me *row) {
	all := []map[string]any{}
	b.mu.Lock()
	for _, s := range b.sessions {
		if s.user == me.user {
			all = append(all, map[string]any{"id": s.id, "current": s == me})
		}
	}
	b.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(all)
}

func (b *backend) cast(w http.ResponseWriter, _ *http.Request, me *row) {
	token, s := b.start(me.user, me.id)
	answer(w, 201, fmt.Sprintf(`{"id":%q,"token":%q,"expiresAt":null,"deviceType":"Cast","deviceOS":"Google Cast"}`, s.id, token))
}

func (b *backend) deleteOthers(w http.ResponseWriter, _ *http.Request, me *row) {
	if b.refuses.Load() {
		answer(w, 500, `{}`)
		return
	}
	b.remove(func(s *row) bool { return s.user == me.user && s != me })
	answer(w, 200, `{}`)
}

func (b *backend) deleteOne(w http.ResponseWriter, r *http.Request, me *row) {
	id := r.PathValue("id")
	switch {
	case b.refuses.Load():
		answer(w, 500, `{}`)
	case b.remove(func(s *row) bool { return s.user == me.user && (s.id == id || s.parent == id) }) > 0:
		w.WriteHeader(204)
	default:
		answer(w, 400, `{"message":"Not found or no authDevice.delete access"}`)
	}
}

func (b *backend) upload(w http.ResponseWriter, r *http.Request, _ *row) {
	io.ReadFull(r.Body, make([]byte, 1000))
	b.uploading <- struct{}{}
	if _, err := io.Copy(io.Discard, r.Body); err == nil {
		answer(w, 201, `{"status":"created"}`)
	}
}

func (b *backend) stream(w http.ResponseWriter, r *http.Request, _ *row) {
	io.WriteString(w, "{\"n\":1}\n")
	w.(http.Flusher).Flush()
	select {
	case <-b.release:
	case <-r.Context().Done():
	}
}

// socket accepts any WebSocket and says "40" (connected) in a frame. It ends
// with its connection.
func (b *backend) socket(w http.ResponseWriter, r *http.Request, _ *row) {
	conn, buf, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x0240")
	io.Copy(io.Discard, buf)
}

// site is a Proxy in front of a backend, and the page on "/devices".
type site struct {
	t       *testing.T
	immich  *backend
	store   *storetest.Hooked
	manager *session.Manager
	proxy   *immich.Proxy
	server  *httptest.Server
	now     atomic.Int64 // added to the clock
}

func newSite(t *testing.T, cfg immich.Config) *site {
	t.Helper()
	return newSiteOn(t, cfg, &storetest.Hooked{Store: memstore.New()}, newBackend())
}

func newSiteOn(t *testing.T, cfg immich.Config, store *storetest.Hooked, b *backend) *site {
	t.Helper()
	s := &site{t: t, immich: b, store: store}
	behind := httptest.NewServer(b)
	t.Cleanup(behind.Close)
	var err error
	s.manager, err = session.New(store, session.Config{
		Now: func() time.Time { return time.Now().Add(time.Duration(s.now.Load())) },
	})
	must(t, err)
	target, err := url.Parse(behind.URL)
	must(t, err)
	s.proxy, err = immich.New(s.manager, target, cfg)
	must(t, err)
	page, err := activity.New(s.proxy.Middleware(), activity.Config{Path: "/devices", Ended: s.proxy.Ended})
	must(t, err)
	mux := http.NewServeMux()
	mux.Handle("/devices/", page)
	mux.Handle("/", s.proxy)
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
