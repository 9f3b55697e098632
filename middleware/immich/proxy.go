package immich

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

// Config holds what a [Proxy] can be told. The zero Config works and is safe.
type Config struct {
	// ClientIP tells where a request comes from. Behind another proxy use
	// [middleware.TrustedProxies]. Immich is told the same, whatever the client
	// says of itself. Defaults to middleware.RemoteAddr.
	ClientIP middleware.ClientIP
	// TrustedOrigins are other origins whose pages may send requests to routes
	// of our own. Defaults to none.
	TrustedOrigins []string

	// NoAdoption leaves out sessions that began before this proxy did, or while
	// the store was down. They work and are not listed. Defaults to false:
	// Immich is asked whose they are.
	NoAdoption bool
	// IdleTimeout ends a session when it was not seen for so long. Defaults to
	// never, as in Immich.
	IdleTimeout time.Duration
	// PasswordKeepsSessions leaves a user's other sessions alone where Immich does,
	// when the password is changed by the app or by an administrator. Defaults to false:
	// they end here, and in Immich by the token that changed it, or when theirs come by.
	PasswordKeepsSessions bool
	// SignInMessage returns what is added to the message on Immich's sign-in page, as
	// HTML, for browsers: a link to the page of the devices, say, of which nothing in
	// Immich tells. It is the one thing that is changed in what Immich says. Defaults to
	// none.
	SignInMessage func(r *http.Request) string
	// WrongPassword is told of each wrong password that Immich was asked about through
	// the Proxy, before the client has the answer, which it does not change. For
	// risk.Assessor.Failed. Defaults to nobody.
	WrongPassword func(WrongPassword)
	// InsecurePassOnTrouble lets requests pass when the store fails. Immich stays
	// up for everyone, and for so long also for those who were signed out here
	// and not in Immich. Defaults to false: the answer is 503.
	InsecurePassOnTrouble bool

	// Language is that of [middleware.Config]. Defaults to English.
	Language func(r *http.Request) *locale.Locale
	// Transport connects to Immich. Its IdleConnTimeout has to be shorter than
	// the 5 seconds for which Immich keeps a connection. Defaults to one that is
	// made for it.
	Transport http.RoundTripper
	// Logger is told of trouble that the client is not told of. Tokens in URLs
	// are taken out. Defaults to discarding.
	Logger *slog.Logger
}

// A Proxy passes requests on to Immich. It is safe for concurrent use.
type Proxy struct {
	manager *session.Manager
	mw      *middleware.Middleware
	cfg     Config
	target  *url.URL
	asker   *asker
	proxy   *httputil.ReverseProxy
	inner   http.Handler
	stats   counters
	logs    minutely

	accounts accounts

	refused noted // sessions whose token Immich does not accept; guarded by asker.mu

	mu       sync.Mutex
	sockets  map[*passage]struct{}      // open WebSockets of sessions
	looking  map[session.ID]*lookFlight // whose ID in Immich is being asked for
	compared map[string]Comparison      // by user
}

var _ http.Handler = (*Proxy)(nil)

// New returns a Proxy in front of the Immich at target, which has no path. The
// error names the field of cfg that cannot be used.
func New(manager *session.Manager, target *url.URL, cfg Config) (*Proxy, error) {
	if manager == nil {
		return nil, errors.New("immich: no Manager")
	}
	if err := checkTarget(target); err != nil {
		return nil, err
	}
	if cfg.IdleTimeout < 0 {
		return nil, fmt.Errorf("immich: Config.IdleTimeout: %v is negative", cfg.IdleTimeout)
	}
	if cfg.ClientIP == nil {
		cfg.ClientIP = middleware.RemoteAddr
	}
	if cfg.Transport == nil {
		cfg.Transport = newTransport()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Proxy{manager: manager, cfg: cfg, target: target, refused: make(noted),
		sockets: make(map[*passage]struct{}), looking: make(map[session.ID]*lookFlight), compared: make(map[string]Comparison)}
	p.accounts.seed, p.accounts.users = maphash.MakeSeed(), make(map[uint64]string)
	p.asker = newAsker(target, cfg.Transport, manager.Now)
	if err := p.watch(); err != nil {
		return nil, err
	}
	p.proxy = &httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		ModifyResponse: p.answered,
		ErrorHandler:   p.failed,
		Transport:      cfg.Transport,
		BufferPool:     new(buffers),
		ErrorLog:       log.New(redacting{cfg.Logger}, "", 0),
	}
	p.inner = p.mw.Load(http.HandlerFunc(p.pass))
	return p, nil
}

// watch makes the Middleware that finds the sessions of Immich.
func (p *Proxy) watch() (err error) {
	foreign := &middleware.Foreign{
		Extractors:            []middleware.Extractor{extract},
		Adopt:                 p.whose,
		Accepted:              p.isAccepted,
		InsecurePassEnded:     true, // Immich's clients want their own answer: [passage.isDead]
		InsecurePassOnTrouble: p.cfg.InsecurePassOnTrouble,
	}
	if p.cfg.NoAdoption {
		foreign.Adopt = nil
	}
	p.mw, err = middleware.New(p.manager, middleware.Config{
		Foreign: foreign, ClientIP: p.cfg.ClientIP, TrustedOrigins: p.cfg.TrustedOrigins, Hints: appHints, Language: p.cfg.Language,
	})
	return err
}

func checkTarget(u *url.URL) error {
	switch {
	case u == nil:
		return errors.New("immich: no target")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("immich: target: %q is no http or https URL", u.Redacted())
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.User != nil:
		return fmt.Errorf("immich: target: %q is more than a host", u.Redacted())
	}
	return nil
}

// newTransport returns one that adds nothing to a request. Immich keeps idle
// connections for 5 seconds, and may close one in the moment that it is used.
func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil
	t.IdleConnTimeout = 4 * time.Second
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 256
	t.DisableCompression = true
	t.ForceAttemptHTTP2 = false
	t.ReadBufferSize, t.WriteBufferSize = 32<<10, 32<<10
	return t
}

// appHints reads what the app says of its phone on its sign-in screen, and
// never again.
func appHints(r *http.Request, h device.Hints) device.Hints {
	h.AppModel, h.AppPlatform = r.Header.Get("deviceModel"), r.Header.Get("deviceType")
	return h
}

// Middleware returns what finds the sessions of Immich, for routes of our own:
// it is what activity.New takes.
func (p *Proxy) Middleware() *middleware.Middleware { return p.mw }

// Load puts the session of a request into its context, for a route of our own.
func (p *Proxy) Load(next http.Handler) http.Handler { return p.mw.Load(next) }

// ServeHTTP passes a request on to Immich.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect { // it is no proxy of the client's
		w.Header().Set("Connection", "close")
		p.mw.Problem(w, r, http.StatusMethodNotAllowed, nil)
		return
	}
	p.inner.ServeHTTP(w, r)
}

// A passage is a request on its way to Immich and back.
type passage struct {
	in      *http.Request
	found   credential
	refused error            // why the credential has no session
	session *session.Session // nil if there is none

	open func() bool // of a WebSocket: its context does not end with the session any more
	born *passage    // as which the session goes on that has begun in the answer

	email        string // in a sign-in
	newPassword  bool   // it may change one, by a route that ends no session in Immich
	refusedThere bool   // the answer was 401
}

type passageKey struct{}

func passageOf(ctx context.Context) *passage {
	g, _ := ctx.Value(passageKey{}).(*passage)
	return g
}

func (p *Proxy) pass(w http.ResponseWriter, r *http.Request) {
	g := &passage{in: r, found: find(r), refused: p.mw.LoadError(r)}
	g.session = sessionOf(r, g.found.token)
	upgrade := isWebSocket(r)
	if p.isUnjudged(g) && upgrade {
		// Nobody could cut it later. The client tries again.
		p.note(r.Context(), &p.stats.unjudged, "a WebSocket was answered 503: Immich did not say whose its token is")
		w.Header().Set("Retry-After", "2")
		p.mw.Problem(w, r, http.StatusServiceUnavailable, nil)
		return
	}
	p.endsThere(g)
	if !p.cfg.PasswordKeepsSessions && mayChangePassword(route(r)) {
		g.newPassword = changesPassword(r)
	}
	if p.cfg.WrongPassword != nil && route(r) == signIn {
		g.email = emailOf(r)
	}
	ctx := r.Context()
	if g.session != nil {
		if upgrade {
			g.session = p.learn(g) // its farewell names it
			defer p.leave(g)
			var cancel context.CancelCauseFunc
			ctx, cancel = context.WithCancelCause(context.WithoutCancel(ctx))
			defer cancel(nil)
			g.open = context.AfterFunc(r.Context(), func() { cancel(context.Cause(r.Context())) })
		}
		middleware.LastWords(r.Context(), nil)
	}
	p.proxy.ServeHTTP(w, r.WithContext(context.WithValue(ctx, passageKey{}, g)))
	if !upgrade {
		p.lookAfter(w, g)
	}
}

// isWebSocket reports whether the request wants one. Of any other upgrade, such as to
// HTTP/2, Immich knows nothing, and closes the connection: there is none, then.
func isWebSocket(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// sessionOf returns the session of the token, nil if it has none. There may be one
// of the host's own, which says nothing of the token.
func sessionOf(r *http.Request, token string) *session.Session {
	s, ok := session.FromContext(r.Context())
	if !ok || s.ID != session.ForeignCredential(token).ID {
		return nil
	}
	return s
}

// isUnjudged reports whether it is not known whose the token is, though that
// could have been known.
func (p *Proxy) isUnjudged(g *passage) bool {
	return errors.Is(g.refused, session.ErrUnknown) && !p.cfg.NoAdoption &&
		!p.cfg.InsecurePassOnTrouble && !p.asker.isNobodys(g.found.token)
}

// isDead reports whether Immich must not see the credential.
func (g *passage) isDead() bool {
	return g.refused != nil && !errors.Is(g.refused, session.ErrUnknown)
}

// rewrite makes the request that goes to Immich.
func (p *Proxy) rewrite(pr *httputil.ProxyRequest) {
	pr.SetURL(p.target)
	pr.Out.Host = pr.In.Host
	p.setForwarded(pr)
	if !isWebSocket(pr.In) {
		for _, name := range []string{"Connection", "Upgrade", "Http2-Settings"} {
			pr.Out.Header.Del(name)
		}
	}
	g := passageOf(pr.In.Context())
	if g.isDead() {
		strip(pr.Out)
		stripAPIKey(pr.Out) // a bad session is not made up for by a good key
	} else if !g.found.clean {
		strip(pr.Out)
		g.found.put(pr.Out)
	}
	if isBirth(pr.Out) || p.wantsMessage(pr.In) {
		pr.Out.Header.Set("Accept-Encoding", "identity") // the answer is read
	}
}

// setForwarded tells Immich the client's address. What the client says of
// itself is left out; what a trusted proxy in front of us says of the scheme and
// the host is passed on.
func (p *Proxy) setForwarded(pr *httputil.ProxyRequest) {
	pr.SetXForwarded()
	pr.Out.Header.Del("X-Real-IP")
	peer, _ := middleware.RemoteAddr(pr.In)
	ip, exact := p.cfg.ClientIP(pr.In)
	if !ip.IsValid() {
		ip = peer
	}
	if ip.IsValid() {
		pr.Out.Header.Set("X-Forwarded-For", ip.String())
		pr.Out.Header.Set("X-Real-IP", ip.String())
	}
	if exact && ip == peer {
		return
	}
	for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Host"} {
		if v := pr.In.Header.Values(name); len(v) > 0 {
			pr.Out.Header.Set(name, v[len(v)-1])
		}
	}
}

// failed answers a request that Immich did not.
func (p *Proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	cause := context.Cause(r.Context())
	switch {
	case errors.Is(cause, session.ErrRefused):
		// Its session ended meanwhile: the answer that Immich would give next.
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"message":"Invalid user token"}`)) // the client has gone
	case cause != nil:
		panic(http.ErrAbortHandler) // the client has gone
	case isWebSocket(r) && errors.Is(err, io.EOF):
		p.mw.Problem(w, r, http.StatusBadRequest, nil) // Immich has no WebSocket there, and closes the connection
	default:
		p.note(r.Context(), &p.stats.noAnswer, "no answer", "path", redact(r.URL.Path), "error", redact(err.Error()))
		w.Header().Set("Retry-After", "5") // it restarts with each update
		w.Header().Set("Cache-Control", "no-store")
		p.mw.Problem(w, r, http.StatusBadGateway, nil)
	}
}

// buffers are shared by the copies of bodies.
type buffers struct{ pool sync.Pool }

const bufferSize = 32 << 10

func (b *buffers) Get() []byte {
	if v, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return v[:]
	}
	return make([]byte, bufferSize)
}

func (b *buffers) Put(v []byte) { b.pool.Put((*[bufferSize]byte)(v)) }

// redacting is a log that does not show tokens.
type redacting struct{ logger *slog.Logger }

func (l redacting) Write(b []byte) (int, error) {
	l.logger.Warn("immich: " + redact(strings.TrimSpace(string(b))))
	return len(b), nil
}
