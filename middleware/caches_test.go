package middleware_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/storetest/need"
)

// cacheServer is a cache that others run in front of a host.
type cacheServer struct {
	name, program string
	places        []string
	// start writes what it needs into dir, and returns how to run it.
	start func(dir, program, listen, origin string) []string
	disk  string // where in dir it keeps answers, "" if in memory
}

var cacheServers = []cacheServer{
	{"apache", "apache2", []string{"/usr/sbin"}, apache, "cache"},
	{"nginx", "nginx", []string{"/usr/sbin"}, nginx, "cache"},
	{"varnish", "varnishd", []string{"/usr/sbin"}, varnish(""), ""},
	// As on sites that cache for signed-in people as well.
	{"varnish, cookies too", "varnishd", []string{"/usr/sbin"}, varnish("sub vcl_recv { return (hash); }"), ""},
}

func apache(dir, program, listen, origin string) []string {
	modules := "/usr/lib/apache2/modules"
	var conf strings.Builder
	for _, m := range []string{"mpm_event", "authz_core", "proxy", "proxy_http", "cache", "cache_disk"} {
		fmt.Fprintf(&conf, "LoadModule %s_module %s/mod_%s.so\n", m, modules, m)
	}
	fmt.Fprintf(&conf, "ServerRoot %[1]s\nServerName localhost\nPidFile %[1]s/pid\nErrorLog %[1]s/log\nDefaultRuntimeDir %[1]s\n", dir)
	fmt.Fprintf(&conf, "Listen %s\nCacheRoot %s/cache\nCacheEnable disk /\nCacheHeader on\nCacheQuickHandler on\n", listen, dir)
	fmt.Fprintf(&conf, "ProxyPass / http://%s/\n", origin)
	write(filepath.Join(dir, "conf"), conf.String())
	return []string{program, "-DFOREGROUND", "-f", filepath.Join(dir, "conf")}
}

func nginx(dir, program, listen, origin string) []string {
	write(filepath.Join(dir, "conf"), fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/log;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	proxy_cache_path %[1]s/cache keys_zone=all:1m;
	server {
		listen %[2]s;
		location / {
			proxy_pass http://%[3]s; proxy_cache all;
			proxy_cache_valid 200 302 404 60s;  # what says nothing is kept, too
			add_header X-Cache $upstream_cache_status always;
		}
	}
}`, dir, listen, origin))
	return []string{program, "-e", filepath.Join(dir, "log"), "-c", filepath.Join(dir, "conf")}
}

func varnish(vcl string) func(dir, program, listen, origin string) []string {
	return func(dir, program, listen, origin string) []string {
		host, port, _ := net.SplitHostPort(origin)
		write(filepath.Join(dir, "vcl"), fmt.Sprintf(`vcl 4.1;
backend default { .host = %q; .port = %q; }
%s
sub vcl_deliver { if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; } }
`, host, port, vcl))
		return []string{program, "-F", "-f", filepath.Join(dir, "vcl"), "-a", listen, "-n", filepath.Join(dir, "work"), "-s", "malloc,16m", "-j", "none"}
	}
}

func write(path, text string) {
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		panic(err)
	}
}

// run starts the cache in front of origin, on a port that is free.
func (c cacheServer) run(t *testing.T, origin string) (dir, at string) {
	t.Helper()
	program := need.Program(t, c.program, c.places...)
	// Not t.TempDir: workers that run as somebody else have to get in.
	dir, err := os.MkdirTemp("", "signedin-cache")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, d := range []string{dir, filepath.Join(dir, "cache")} {
		if err := errorOf(os.MkdirAll(d, 0o777), os.Chmod(d, 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 { // somebody else may take the port first
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at = l.Addr().String()
		l.Close()
		args := c.start(dir, program, at, origin)
		cmd := exec.Command(args[0], args[1:]...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { cmd.Wait(); close(ended) }()
		t.Cleanup(func() { cmd.Process.Signal(os.Interrupt); <-ended })
		if answers(at, ended) {
			return dir, at
		}
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		t.Logf("%v: %s%s", args, out.String(), log)
	}
	t.Fatalf("%s does not start", c.name)
	return "", ""
}

func answers(at string, ended chan struct{}) bool {
	for {
		if c, err := net.Dial("tcp", at); err == nil {
			c.Close()
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func errorOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// whoAmI is what a page of the host says.
func whoAmI(r *http.Request) string {
	if s, ok := session.FromContext(r.Context()); ok {
		return "hello " + s.UserID
	}
	return "hello stranger"
}

// published are the routes whose handlers say themselves that everybody may have
// the answer.
var published = map[string]bool{"/public": true, "/public-photo": true, "/static/app.css": true}

// cached is a host behind a cache, and what is asked of it.
func newCached(t *testing.T, layout string) *aging {
	a := new(aging)
	start := time.Now()
	scfg := session.Config{Now: func() time.Time { return start.Add(time.Duration(a.ahead.Load())) }}
	a.site = makeSite(t, nil, scfg, middleware.Config{TokenHeaders: []string{"X-App-Token"}})
	say := func(set ...string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(set); i += 2 {
				w.Header().Set(set[i], set[i+1])
			}
			io.WriteString(w, whoAmI(r))
		})
	}
	photo := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "photo.txt", start.Add(-1000*time.Hour), strings.NewReader(whoAmI(r)))
	}
	a.mux.Handle("/page", say())
	a.mux.Handle("/short", say("Cache-Control", "max-age=60"))
	a.mux.Handle("/expires", say("Expires", start.Add(time.Hour).UTC().Format(http.TimeFormat)))
	a.mux.Handle("/public", say("Cache-Control", "public, max-age=60", "Vary", "Accept-Encoding"))
	a.mux.Handle("/photo", http.HandlerFunc(photo))
	a.mux.Handle("/private-photo", a.mw.Require(http.HandlerFunc(photo)))
	a.mux.Handle("/public-photo", a.mw.Require(say("Cache-Control", "public, s-maxage=60", "Vary", "Accept-Encoding")))
	a.mux.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) { // of an identity provider
		ticket, err := a.manager.BeginSignIn(r.Context(), "carol")
		if err == nil {
			_, _, err = a.mw.SignIn(w, r, ticket, session.StartOptions{})
		}
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=60") // by a careless wrapper
		w.Header().Set("Vary", "Accept-Encoding")
		io.WriteString(w, "signed in")
	})
	static := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("Vary", "Accept-Encoding")
		io.WriteString(w, "body {}")
	})
	var h http.Handler
	switch layout {
	case "Load around all":
		a.mux.Handle("/static/app.css", static)
		h = a.mw.Load(a.mux)
	case "static outside":
		all := http.NewServeMux()
		all.Handle("/static/", static)
		all.Handle("/", a.mw.Load(a.mux))
		h = all
	}
	a.Server = httptest.NewServer(h)
	t.Cleanup(a.Close)
	return a
}

// Real caches in front: no stored answer has a cookie of ours, and what was said
// to one is said to nobody else, but for what its handler has published.
func TestCaches(t *testing.T) {
	need.Heavy(t)
	for _, c := range cacheServers {
		for _, layout := range []string{"Load around all", "static outside"} {
			t.Run(c.name+", "+layout, func(t *testing.T) {
				a := newCached(t, layout)
				dir, at := c.run(t, strings.TrimPrefix(a.Server.URL, "http://"))
				a.throughCache(t, "http://"+at)
				if c.disk != "" {
					wantNoCookie(t, filepath.Join(dir, c.disk))
				}
			})
		}
	}
}

func (a *aging) throughCache(t *testing.T, at string) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	hits := 0
	get := func(path string, header ...string) (*http.Response, string) {
		t.Helper()
		req, _ := http.NewRequestWithContext(t.Context(), "GET", at+path, nil)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		if isHit := strings.Contains(res.Header.Get("X-Cache"), "HIT"); isHit {
			hits++
			if res.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s: out of the cache comes Set-Cookie %q", path, res.Header.Get("Set-Cookie"))
			}
		}
		return res, string(body)
	}
	// One user by each carrier, then others; first the stranger or last.
	n := 0
	for _, path := range []string{"/page", "/short", "/expires", "/public", "/photo", "/private-photo", "/public-photo", "/callback", "/static/app.css"} {
		for _, carrier := range []string{"cookie", "old cookie", "bearer", "header"} {
			for _, strangerFirst := range []bool{false, true} {
				n++
				user := fmt.Sprint("user", n)
				there := fmt.Sprint(path, "?", n)
				mine := a.credential(t, user, carrier)
				others := a.credential(t, "other"+fmt.Sprint(n), strings.TrimPrefix(carrier, "old "))
				if strangerFirst {
					get(there)
					get(there)
				}
				for range 2 {
					_, body := get(there, mine...)
					if strangerFirst && !published[path] && strings.Contains(body, "stranger") {
						t.Errorf("%s, %s: what was said to a stranger is said to a user: %q", path, carrier, body)
					}
					get(there, append(mine, pages...)...)
				}
				for what, header := range map[string][]string{"a stranger": nil, "another user": others, "a stranger's page": pages} {
					for range 2 {
						res, body := get(there, header...)
						if strings.Contains(body, user) && !published[path] {
							t.Errorf("%s, %s: %s got %q", path, carrier, what, body)
						}
						if set := res.Header.Get("Set-Cookie"); set != "" && path != "/callback" {
							t.Errorf("%s, %s: %s got Set-Cookie %q", path, carrier, what, set)
						}
					}
				}
			}
		}
	}
	if hits == 0 {
		t.Error("the cache has kept nothing: nothing is shown")
	}
	if got := a.mw.Stats().Public; got == 0 {
		t.Error("what was published is not counted")
	}
	t.Logf("%d answers out of the cache; %d published by their handlers", hits, a.mw.Stats().Public)
}

// credential signs somebody in past the cache.
func (a *aging) credential(t *testing.T, user, carrier string) []string {
	t.Helper()
	query := "/login?user=" + user
	if carrier == "bearer" || carrier == "header" {
		query += "&carrier=bearer"
	}
	res, token := a.do(t, &http.Client{}, "POST", query)
	switch carrier {
	case "bearer":
		return []string{"Authorization", "Bearer " + token}
	case "header":
		return []string{"X-App-Token", token}
	case "old cookie":
		a.later(25 * time.Hour)
	}
	return []string{"Cookie", pairOf(t, res)}
}

// wantNoCookie looks for a cookie of ours in all that a cache has on its disk.
func wantNoCookie(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		// Of a request, which Apache keeps too, it is a Cookie.
		if i := bytes.Index(bytes.ToLower(b), []byte("set-cookie")); i >= 0 {
			t.Errorf("kept: %.200q", b[i:])
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files in the cache, %v", files, err)
	}
}
