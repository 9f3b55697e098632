package frameworks

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"connectrpc.com/connect"
	"github.com/alexedwards/scs/v2"
	"github.com/quic-go/quic-go/http3"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/memstore"
)

func TestHTTP3(t *testing.T) {
	mw, done := newMiddleware(t), make(chan struct{})
	certificates := httptest.NewUnstartedServer(nil)
	certificates.StartTLS()
	defer certificates.Close()
	listener, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	server := &http3.Server{Handler: std(mw, done), TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: certificates.TLS.Certificates})}
	go server.Serve(listener) //nolint:errcheck // it is closed
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(certificates.Certificate())
	transport := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.Close()
	c, url := signIn(t, mw), "https://"+listener.LocalAddr().String()
	if code, _ := get(t, &http.Client{Transport: transport}, url+"/me"); code != 401 {
		t.Errorf("without a session: %d", code)
	}
	client := c.HTTP(&http.Client{Transport: transport})
	if code, body := get(t, client, url+"/me"); code != 200 || body != "alice" {
		t.Errorf("with one: %d %s", code, body)
	}
	cut(t, mw, client, url+"/deaf", c.Session(), done)
}

func TestConnect(t *testing.T) {
	mw := newMiddleware(t)
	mux := http.NewServeMux()
	mux.Handle("/x.X/Me", connect.NewUnaryHandler("/x.X/Me", func(ctx context.Context, _ *connect.Request[emptypb.Empty]) (*connect.Response[wrapperspb.StringValue], error) {
		s, _ := session.FromContext(ctx)
		return connect.NewResponse(wrapperspb.String(s.UserID)), nil
	}))
	mux.Handle("/x.X/Open", connect.NewServerStreamHandler("/x.X/Open", func(ctx context.Context, _ *connect.Request[emptypb.Empty], out *connect.ServerStream[emptypb.Empty]) error {
		if err := out.Send(new(emptypb.Empty)); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	}))
	server := serve(t, mw, mw.Require(mux))
	call := func(client *http.Client) (string, error) {
		res, err := connect.NewClient[emptypb.Empty, wrapperspb.StringValue](client, server.URL+"/x.X/Me").
			CallUnary(t.Context(), connect.NewRequest(new(emptypb.Empty)))
		if err != nil {
			return "", err
		}
		return res.Msg.GetValue(), nil
	}
	if _, err := call(server.Client()); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("without a session: %v", err)
	}
	c := signIn(t, mw)
	client := c.HTTP(server.Client())
	if user, err := call(client); err != nil || user != "alice" {
		t.Errorf("with one: %q, %v", user, err)
	}
	stream, err := connect.NewClient[emptypb.Empty, emptypb.Empty](client, server.URL+"/x.X/Open").
		CallServerStream(t.Context(), connect.NewRequest(new(emptypb.Empty)))
	if err != nil || !stream.Receive() {
		t.Fatal(err, stream.Err())
	}
	if err := mw.Manager().Revoke(t.Context(), "alice", c.Session().ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	for stream.Receive() {
	}
	if stream.Err() == nil {
		t.Error("a stream whose session ended ends without an error")
	}
}

// TestSCS is the README's way into an application with scs: its cookie stays, a
// renewed token is the same device, and what was revoked is kept out on each
// route.
func TestSCS(t *testing.T) {
	manager, err := session.New(memstore.New(), session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	own := scs.New()
	mw, err := middleware.New(manager, middleware.Config{Foreign: &middleware.Foreign{
		Extractors: []middleware.Extractor{func(r *http.Request) (string, middleware.Place) {
			if id := own.GetString(r.Context(), "device"); id != "" {
				return id, middleware.PlaceCookie
			}
			return "", middleware.PlaceNone
		}},
		Adopt: func(r *http.Request, _ string) (session.Adoption, error) {
			return session.Adoption{UserID: own.GetString(r.Context(), "user")}, nil
		},
		Ended: func(w http.ResponseWriter, r *http.Request, _ error) {
			_ = own.Destroy(r.Context())
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		_ = own.RenewToken(r.Context())
		own.Put(r.Context(), "user", "alice")
		own.Put(r.Context(), "device", rand.Text())
	})
	mux.HandleFunc("GET /renew", func(w http.ResponseWriter, r *http.Request) { _ = own.RenewToken(r.Context()) })
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(own.GetString(r.Context(), "user")))
	})
	site := own.LoadAndSave(mw.Load(mux))
	cookie := ""
	do := func(path string, with string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if with != "" {
			r.Header.Set("Cookie", with)
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		for _, k := range w.Result().Cookies() {
			cookie = k.Name + "=" + k.Value
		}
		return w
	}
	do("/login", "")
	do("/", cookie)
	before := cookie
	do("/renew", cookie)
	if do("/", cookie); cookie == before {
		t.Fatal("the token was not renewed")
	}
	live, err := manager.List(t.Context(), "alice")
	if err != nil || len(live) != 1 {
		t.Fatalf("%d devices, want 1: %v", len(live), err)
	}
	if w := do("/", before); w.Body.String() != "" {
		t.Errorf("the token from before it was renewed: %d %s", w.Code, w.Body)
	}
	do("/", cookie)
	renewed := cookie
	do("/renew", renewed)
	if err := manager.Revoke(t.Context(), "alice", live[0].ID, session.ReasonSignedOutRemote); err != nil {
		t.Fatal(err)
	}
	if w := do("/renew", cookie); w.Code != http.StatusSeeOther {
		t.Errorf("a route that renews lets a revoked session in: %d", w.Code)
	}
	if live, _ := manager.List(t.Context(), "alice"); len(live) != 0 {
		t.Error("a revoked session was adopted again")
	}
}
