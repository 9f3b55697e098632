package frameworks

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/mux"
	"github.com/julienschmidt/httprouter"
	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"
	echomiddleware "github.com/labstack/echo/v4/middleware"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/sessiontest"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func newMiddleware(t *testing.T) *middleware.Middleware {
	t.Helper()
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mw, err := middleware.New(manager, middleware.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return mw
}

func signIn(t *testing.T, mw *middleware.Middleware) *sessiontest.Client {
	t.Helper()
	c, err := sessiontest.SignIn(mw, "alice", sessiontest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func me(w http.ResponseWriter, r *http.Request) {
	s, _ := session.FromContext(r.Context())
	_, _ = io.WriteString(w, s.UserID)
}

// deaf writes until a write fails. It looks at no context.
func deaf(w http.ResponseWriter, _ *http.Request) {
	out := http.NewResponseController(w)
	for {
		if _, err := io.WriteString(w, "more\n"); err != nil {
			return
		}
		if out.Flush() != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

var errRoom = errors.New("not your room")

// ended notes that the handler of a route has returned.
func ended(done chan<- struct{}, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		next(w, r)
	}
}

func std(mw *middleware.Middleware, done chan<- struct{}) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /me", me)
	m.HandleFunc("GET /deaf", ended(done, deaf))
	m.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, errRoom.Error(), 403) })
	return mw.Require(m)
}

// hosts have me, deaf and late, each as its framework would.
var hosts = map[string]func(mw *middleware.Middleware, done chan<- struct{}) http.Handler{
	"net/http": std,
	"gzhttp outside": func(mw *middleware.Middleware, done chan<- struct{}) http.Handler {
		return gzhttp.GzipHandler(std(mw, done))
	},
	"otelhttp outside": func(mw *middleware.Middleware, done chan<- struct{}) http.Handler {
		return otelhttp.NewHandler(std(mw, done), "x")
	},
	"chi": func(mw *middleware.Middleware, done chan<- struct{}) http.Handler {
		r := chi.NewRouter()
		r.Use(chimiddleware.Recoverer, chimiddleware.Compress(5), mw.Load)
		r.With(mw.Require).Get("/me", me)
		r.With(mw.Require).Get("/deaf", ended(done, deaf))
		r.With(mw.Require).Get("/late", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, errRoom.Error(), 403) })
		return r
	},
	"echo": func(mw *middleware.Middleware, done chan<- struct{}) http.Handler {
		e := echo.New()
		e.Use(echomiddleware.Recover(), echo.WrapMiddleware(mw.Require))
		e.GET("/me", echo.WrapHandler(http.HandlerFunc(me)))
		e.GET("/deaf", echo.WrapHandler(ended(done, deaf)))
		e.GET("/late", func(echo.Context) error { return echo.NewHTTPError(403, errRoom.Error()) })
		return e
	},
	"gin": func(mw *middleware.Middleware, done chan<- struct{}) http.Handler {
		gin.SetMode(gin.ReleaseMode)
		e := gin.New()
		e.Use(gin.Recovery())
		e.GET("/me", gin.WrapF(me))
		e.GET("/deaf", gin.WrapF(ended(done, deaf)))
		e.GET("/late", func(c *gin.Context) { _ = c.AbortWithError(403, errRoom) })
		return mw.Require(e)
	},
	"gorilla/mux": func(mw *middleware.Middleware, done chan<- struct{}) http.Handler {
		r := mux.NewRouter()
		r.Use(mw.Load, mw.Require)
		r.HandleFunc("/me", me)
		r.HandleFunc("/deaf", ended(done, deaf))
		r.HandleFunc("/late", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, errRoom.Error(), 403) })
		return r
	},
	"httprouter": func(mw *middleware.Middleware, done chan<- struct{}) http.Handler {
		r := httprouter.New()
		r.Handler("GET", "/me", mw.Require(http.HandlerFunc(me)))
		r.Handler("GET", "/deaf", mw.Require(ended(done, deaf)))
		r.Handler("GET", "/late", mw.Require(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, errRoom.Error(), 403) })))
		return mw.Load(r)
	},
	"huma": func(mw *middleware.Middleware, done chan<- struct{}) http.Handler {
		r := chi.NewRouter()
		r.Use(mw.Require)
		api := humachi.New(r, huma.DefaultConfig("x", "1"))
		type text struct {
			ContentType string `header:"Content-Type"`
			Body        []byte
		}
		huma.Get(api, "/me", func(ctx context.Context, _ *struct{}) (*text, error) {
			s, _ := session.FromContext(ctx)
			return &text{"text/plain", []byte(s.UserID)}, nil
		})
		huma.Get(api, "/late", func(context.Context, *struct{}) (*struct{}, error) {
			return nil, huma.Error403Forbidden("not your room")
		})
		r.Get("/deaf", ended(done, deaf))
		return r
	},
}

func get(t *testing.T, client *http.Client, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func serve(t *testing.T, mw *middleware.Middleware, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnContext = mw.ConnContext
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// cut opens /deaf, ends the session, and waits until its handler has returned.
func cut(t *testing.T, mw *middleware.Middleware, client *http.Client, url string, s *session.Session, done <-chan struct{}) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if err := mw.Manager().Revoke(t.Context(), s.UserID, s.ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, res.Body) //nolint:errcheck // it ends in the middle
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("a handler that looks at no context goes on a minute after its session ended")
	}
}

func TestFrameworks(t *testing.T) {
	for name, host := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mw, done := newMiddleware(t), make(chan struct{})
			server := serve(t, mw, host(mw, done))
			if code, _ := get(t, server.Client(), server.URL+"/me"); code != 401 {
				t.Errorf("without a session: %d", code)
			}
			c := signIn(t, mw)
			client := c.HTTP(server.Client())
			if code, body := get(t, client, server.URL+"/me"); code != 200 || body != "alice" {
				t.Errorf("with one: %d %s", code, body)
			}
			if code, _ := get(t, client, server.URL+"/late"); code != 403 {
				t.Errorf("late: %d", code)
			}
			if code, body := get(t, client, server.URL+"/late", "Connection", "Upgrade", "Upgrade", "websocket"); code != 403 {
				t.Errorf("late, with Upgrade: %d %s", code, body)
			}
			cut(t, mw, client, server.URL+"/deaf", c.Session(), done)
			if code, _ := get(t, client, server.URL+"/me"); code != 401 {
				t.Errorf("afterwards: %d", code)
			}
		})
	}
}
