package immichtest

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

// A User is a user of the Server.
type User struct {
	ID, Email, Name string
}

type user struct {
	User
	password string
	pin      string // empty if there is none
	oauthID  string
	admin    bool
	created  time.Time
	deleted  time.Time // zero if not
}

// A Server is an Immich. It is safe for concurrent use.
type Server struct {
	mux    *http.ServeMux
	ctx    context.Context // of the sockets
	cancel context.CancelFunc

	mu       sync.Mutex
	refusing int // the status that answers everything; 0 if it works
	users    []*user
	sessions []*session
	apiKeys  map[string]*user
	shares   map[string]*user
	assets   []*asset
	sockets  map[*socket]struct{}
	oauth    map[string]oauthCode // nil while it is not enabled
	stream   <-chan string

	passwordOff bool // nobody may sign in by a password
}

var _ http.Handler = (*Server)(nil)

// New returns a Server without users.
func New() *Server {
	s := &Server{
		mux:     http.NewServeMux(),
		apiKeys: make(map[string]*user), shares: make(map[string]*user), sockets: make(map[*socket]struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.routes()
	return s
}

// Close ends what is open.
func (s *Server) Close() { s.cancel() }

// AddUser adds a user, who may sign in with the password.
func (s *Server) AddUser(email, password string) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &user{User: User{uuid.NewString(), email, email}, password: password, created: now()}
	s.users = append(s.users, u)
	return u.User
}

// AddAPIKey returns a new API key of a user.
func (s *Server) AddAPIKey(userID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := newToken()
	s.apiKeys[key] = s.user(userID)
	return key
}

// AddShare returns the key of a new shared link, which is its slug as well. It
// shows what the user has uploaded.
func (s *Server) AddShare(userID string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := newToken()
	s.shares[key] = s.user(userID)
	return key
}

// Refuse answers every request with the status, as what stands in front of an
// Immich that is down, until it is called with 0.
func (s *Server) Refuse(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusing = status
}

// user returns a user, nil if there is none. s.mu is held.
func (s *Server) user(id string) *user {
	for _, u := range s.users {
		if u.ID == id {
			return u
		}
	}
	return nil
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// stamp is a time as JavaScript writes it, with milliseconds also where there
// are none.
type stamp time.Time

func (t stamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z")), nil
}

// stampOf returns nil for the zero time.
func stampOf(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	return (*stamp)(&t)
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	refusing := s.refusing
	s.mu.Unlock()
	if refusing != 0 {
		w.WriteHeader(refusing)
		return
	}
	w.Header().Set("X-Powered-By", "Express")
	s.mux.ServeHTTP(w, r)
}

// handler answers a request of somebody who is known.
type handler func(w http.ResponseWriter, r *http.Request, c caller)

func (s *Server) routes() {
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /.well-known/immich":                     text(`{"api":{"endpoint":"/api"}}`),
		"GET /api/server/ping":                        text(`{"res":"pong"}`),
		"GET /api/server/version":                     text(`{"major":3,"minor":1,"patch":0,"prerelease":null}`),
		"GET /api/server/config":                      text(`{"loginPageMessage":"","trashDays":30,"userDeleteDelay":7,"oauthButtonText":"Login with OAuth","isInitialized":true,"isOnboarded":true,"externalDomain":"","publicUsers":true}`),
		"GET /api/server/media-types":                 text(`{"video":[".mp4",".mov"],"image":[".jpg",".jpeg",".png"],"sidecar":[".xmp"]}`),
		"GET /api/server/features":                    s.features,
		"POST /api/auth/login":                        s.login,
		"POST /api/oauth/authorize":                   s.authorize,
		"POST /api/oauth/callback":                    s.callback,
		"GET /api/oauth/mobile-redirect":              mobileRedirect,
		"POST /api/oauth/backchannel-logout":          s.backchannelLogout,
		"GET /api/socket.io/":                         s.socketIO,
		"GET /{$}":                                    page("photos.html"),
		"GET /photos":                                 page("photos.html"),
		"GET /auth/login":                             page("login.html"),
		"GET /custom.css":                             page("style.css"),
		"GET /favicon.ico":                            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"/api/":                                       notFound,
		"POST /api/auth/logout":                       s.private(s.logout),
		"POST /api/auth/validateToken":                s.private(validateToken),
		"GET /api/auth/status":                        s.private(s.authStatus),
		"POST /api/auth/change-password":              s.private(s.changePassword),
		"GET /api/users/me":                           s.private(s.me),
		"PUT /api/users/me":                           s.private(s.updateMe),
		"GET /api/sessions":                           s.private(s.listSessions),
		"POST /api/sessions":                          s.private(s.createChild),
		"DELETE /api/sessions":                        s.private(s.deleteSessions),
		"DELETE /api/sessions/{id}":                   s.private(s.deleteSession),
		"PUT /api/sessions/{id}":                      s.private(s.updateSession),
		"PATCH /api/sessions/{id}":                    s.private(s.updateSession),
		"POST /api/sessions/{id}/lock":                s.private(s.lockOne),
		"POST /api/auth/pin-code":                     s.private(s.setPIN),
		"PUT /api/auth/pin-code":                      s.private(s.changePIN),
		"DELETE /api/auth/pin-code":                   s.private(s.resetPIN),
		"POST /api/auth/session/unlock":               s.private(s.unlock),
		"POST /api/auth/session/lock":                 s.private(s.lock),
		"PATCH /api/users/me":                         s.private(s.updateMe),
		"POST /api/admin/users":                       s.admin(s.createUser),
		"PUT /api/admin/users/{id}":                   s.admin(s.updateUser),
		"PATCH /api/admin/users/{id}":                 s.admin(s.updateUser),
		"DELETE /api/admin/users/{id}":                s.admin(s.deleteUser),
		"POST /api/admin/users/{id}/restore":          s.admin(s.restoreUser),
		"POST /api/api-keys":                          s.private(s.createAPIKey),
		"GET /api/api-keys/me":                        s.private(apiKey),
		"POST /api/assets":                            s.private(s.upload),
		"POST /api/assets/bulk-upload-check":          s.private(s.bulkUploadCheck),
		"GET /api/assets/statistics":                  s.private(s.statistics),
		"POST /api/sync/stream":                       s.private(s.syncStream),
		"GET /api/assets/{id}/original":               s.shared(s.original),
		"GET /api/assets/{id}/thumbnail":              s.shared(s.original),
		"GET /api/assets/{id}/video/playback":         s.shared(s.original),
		"GET /api/assets/{id}/video/stream/{part...}": s.shared(s.video),
	} {
		s.mux.HandleFunc(pattern, h)
	}
}
