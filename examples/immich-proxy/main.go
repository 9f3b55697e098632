// Immich-proxy stands in front of an Immich: whoever is signed in there finds
// their devices at /devices, with place and latest activity, and signs them out
// at once. Immich's web client and app stay as they are.
//
//	go run ./examples/immich-proxy -target http://127.0.0.1:2283
//	go run ./examples/immich-proxy -fake   # without an Immich
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/signedin/signedin/examples/internal/host"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
)

type flags struct {
	addr, target, devices, db, cityDB, proxies, outbox, smtp, metrics string
	issuer, client, url                                               string
	pass, fake, lead                                                  bool
}

func main() {
	f := define(flag.CommandLine)
	stdlog.SetOutput(withoutBodies{os.Stderr})
	host.Main("immich-proxy", func(ctx context.Context) error { return run(ctx, *f, os.Stdout, os.Stderr) })
}

// define returns the flags, which set fills in.
func define(set *flag.FlagSet) *flags {
	f := new(flags)
	set.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	set.StringVar(&f.target, "target", "", "`URL` of Immich, such as http://127.0.0.1:2283")
	set.StringVar(&f.devices, "devices", "/devices", "`path` of the page, one that Immich does not use")
	set.StringVar(&f.db, "db", "", "SQLite `file` (default: signedin/immich-proxy.db in your directory for state, such as ~/.local/state)")
	set.StringVar(&f.cityDB, "city-db", "", "city database in MaxMind's format, a .mmdb `file` (default: countries only)")
	set.StringVar(&f.outbox, "outbox", "", "`folder` for the e-mails that tell people of unusual sign-ins, for your mailer to send (default: beside the database)")
	set.StringVar(&f.smtp, "smtp", "", "mail server that sends them, a `URL` such as smtps://photos%40example.com@mail.example.com; its password is in the environment, as "+passwordVariable+" (default: they stay in the folder)")
	set.StringVar(&f.proxies, "trusted-proxies", "", "`prefixes` of proxies in front of this one whose X-Forwarded-For is believed, such as 10.0.0.0/8,fd00::/8")
	set.StringVar(&f.metrics, "metrics", "", "`address` for metrics and health checks, which nobody from outside can reach, such as 127.0.0.1:9090 (default: none)")
	set.StringVar(&f.issuer, "openid-issuer", "", "OpenID provider at which people sign in to Immich, a `URL`: who has no password confirms there; the secret is in the environment, as "+secretVariable+" (default: none)")
	set.StringVar(&f.client, "openid-client", "", "what that calls Immich, or this proxy if it tells both the same of a user; register URL+DEVICES-confirm/callback there, as https://photos.example.com/devices-confirm/callback")
	set.StringVar(&f.url, "url", "", "what browsers call this site, a `URL` such as https://photos.example.com")
	set.BoolVar(&f.lead, "lead", false, "lead from \"Authorized Devices\" in Immich's settings to the page of the devices, where that is opened by its address, and from Immich's sign-in page")
	set.BoolVar(&f.pass, "insecure-pass-on-trouble", false, "let requests pass while the database fails, also of devices that were signed out")
	set.BoolVar(&f.fake, "fake", false, "start a stand-in of Immich, with a user, in this program; the database is a temporary one unless -db is given")
	return f
}

// run is the program: it returns when ctx is done, or with what went wrong.
func run(ctx context.Context, f flags, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	clientIP, err := host.ClientIP(f.proxies)
	if err != nil {
		return fmt.Errorf("-trusted-proxies: %w", err)
	}
	if path.Clean(f.devices) == "/" {
		return errors.New("-devices: Immich is at /: give a path that it does not use, such as /devices")
	}
	if f.fake == (f.target != "") {
		return errors.New("give -target, the URL of Immich, or -fake")
	}
	if f.issuer != "" && (f.client == "" || f.url == "") {
		return errors.New("-openid-issuer: give -openid-client and -url, too")
	}
	// The address before the database: nothing is made if it is taken.
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	defer listener.Close()
	if f.fake {
		end, err := f.startFake(stdout)
		if err != nil {
			return fmt.Errorf("-fake: %w", err)
		}
		defer end()
	}
	db, file, err := host.OpenSQLite(f.db, "immich-proxy.db")
	if err != nil {
		return fmt.Errorf("-db: %w", err)
	}
	defer db.Close()
	p, err := build(ctx, f, db, file, clientIP, log)
	if err != nil {
		return err
	}
	defer p.store.Close()
	if f.metrics != "" {
		there, err := net.Listen("tcp", f.metrics)
		if err != nil {
			return fmt.Errorf("-metrics: %w", err)
		}
		p.beside = append(p.beside, p.serveMetrics(there))
	}
	fmt.Fprintf(stdout, "Database: %s\nOpen http://%s\n", file, listener.Addr())
	return host.Serve(ctx, listener, &http.Server{
		Handler:     p.site,
		ConnContext: p.proxy.Middleware().ConnContext,
		// No limit for bodies: an upload may take a day.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}, p.beside...)
}

// signInPage is Immich's own.
const signInPage = "/auth/login"

// site has the page of the devices under its path, and Immich everywhere else.
// It is no http.ServeMux, which would redirect paths that it finds unclean.
type site struct {
	path             string
	proxy            *immich.Proxy
	devices, confirm http.Handler
	leads            bool // from Immich's own list to the page
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch rest, ok := strings.CutPrefix(r.URL.Path, s.path); {
	case ok && (rest == "" || rest[0] == '/'):
		s.devices.ServeHTTP(w, r)
	case ok && (rest == "-confirm" || strings.HasPrefix(rest, "-confirm/")):
		s.confirm.ServeHTTP(w, r)
	case s.leads && isAuthorizedDevices(r):
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, s.path, http.StatusSeeOther)
	default:
		s.proxy.ServeHTTP(w, r)
	}
}

// isAuthorizedDevices reports whether a browser opens Immich's own list of devices, by
// its address.
func isAuthorizedDevices(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.TrimSuffix(r.URL.Path, "/") == "/user-settings" &&
		slices.Contains(strings.Split(r.URL.Query().Get("isOpen"), " "), "authorized-devices") && middleware.WantsPage(r)
}

// toSignIn sends people who are not signed in to Immich's sign-in page.
func toSignIn(proxy *immich.Proxy, next http.Handler) http.Handler {
	return proxy.Load(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, ok := session.FromContext(r.Context())
		if !ok && r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, signInPage, http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// startFake starts a stand-in of Immich and makes it the target.
func (f *flags) startFake(stdout io.Writer) (end func(), err error) {
	fake, err := newFake()
	if err != nil {
		return nil, err
	}
	if f.db == "" {
		dir, err := os.MkdirTemp("", "immich-proxy-fake-")
		if err != nil {
			fake.close()
			return nil, err
		}
		f.db = filepath.Join(dir, "immich-proxy.db")
		fake.dir = dir
	}
	f.target = fake.url
	fmt.Fprintf(stdout, "Made a user, %s, with the password %q\nAPI key, for Immich's command line: %s\n", fakeEmail, fakePassword, fake.apiKey)
	return fake.close, nil
}
