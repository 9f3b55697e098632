// Quickstart is a whole site with accounts in one program: sign in from some
// browsers, see them at /account/devices, sign one out. It keeps everything in
// one SQLite file and knows countries without any other file. The e-mails that
// it would send are in a folder beside that file, and at /outbox for whom they
// are to: in a demonstration everything is at hand, in the world the e-mails
// are where an intruder is not.
//
//	go run ./examples/quickstart
package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/examples/internal/host"
	"github.com/signedin/signedin/geo"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/sqlstore"
)

type flags struct {
	addr, db, cityDB, proxies, outbox string
	insecure, demo, https             bool
}

func main() {
	var f flags
	flag.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	flag.StringVar(&f.db, "db", "", "SQLite `file` (default: signedin/quickstart.db in your directory for state, such as ~/.local/state)")
	flag.StringVar(&f.cityDB, "city-db", "", "city database in MaxMind's format, a .mmdb `file` (default: countries only)")
	flag.StringVar(&f.proxies, "trusted-proxies", "", "`prefixes` of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8,fd00::/8")
	flag.StringVar(&f.outbox, "outbox", "", "`folder` for the e-mails that a site would send (default: beside the database)")
	flag.BoolVar(&f.insecure, "insecure-cookie", false, "send the cookie without Secure, for Safari on this machine; refused anywhere else")
	flag.BoolVar(&f.https, "https", false, "serve https with a certificate that is made here, and bind sign-ins to their devices (Chromium on desktops)")
	flag.BoolVar(&f.demo, "demo", false, "start with some devices signed in, in places where nobody is, and a stranger among them; the database is a temporary one unless -db is given")
	host.Main("quickstart", func(ctx context.Context) error { return run(ctx, f, os.Stdout, os.Stderr) })
}

// run is the program: it returns when ctx is done, or with what went wrong.
func run(ctx context.Context, f flags, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	if f.insecure && !isLoopback(f.addr) {
		return fmt.Errorf("-insecure-cookie works on a loopback -addr only, not on %s", f.addr)
	}
	if f.insecure && f.https {
		return errors.New("-insecure-cookie is for plain HTTP, not with -https")
	}
	clientIP, err := host.ClientIP(f.proxies)
	if err != nil {
		return fmt.Errorf("-trusted-proxies: %w", err)
	}
	// The address before the database: nothing is made if it is taken.
	listener, err := net.Listen("tcp", f.addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	defer listener.Close()
	clean, err := f.demoDB()
	if err != nil {
		return fmt.Errorf("-demo: %w", err)
	}
	defer clean()
	db, file, err := host.OpenSQLite(f.db, "quickstart.db")
	if err != nil {
		return fmt.Errorf("-db: %w", err)
	}
	defer db.Close()
	s, err := build(ctx, f, db, file, clientIP, log)
	if err != nil {
		return err
	}
	defer s.outbox.root.Close()
	s.outbox.site = "http://" + reachable(listener.Addr())
	if f.https {
		if listener, err = s.secure(listener, file); err != nil {
			return fmt.Errorf("-https: %w", err)
		}
	}
	s.announce(stdout, file)
	return host.Serve(ctx, listener, host.NewServer(s.handler, s.mw.ConnContext), s.manager.Run)
}

// demoDB gives a demonstration a database of its own, until clean is called.
func (f *flags) demoDB() (clean func(), err error) {
	if !f.demo || f.db != "" {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp("", "quickstart-demo-")
	f.db = filepath.Join(dir, "quickstart.db")
	return func() { os.RemoveAll(dir) }, err
}

// site is what is served.
type site struct {
	parts
	handler http.Handler
	manager *session.Manager
	mw      *middleware.Middleware
	ca      string // the file that browsers have to trust, "" over plain HTTP
}

func (s *site) announce(w io.Writer, file string) {
	fmt.Fprintf(w, "Database: %s\n", file)
	if s.fresh {
		fmt.Fprintf(w, "Made two users, %s, with the password %q\n", strings.Join(demo.Emails, " and "), demo.Password)
	}
	fmt.Fprintf(w, "E-mails are not sent but kept in %s, and shown at %s/outbox\n", s.outbox.dir, s.outbox.site)
	if s.ca != "" {
		fmt.Fprintf(w, "Trust its certificate, on Linux in Chromium, on macOS:\n")
		fmt.Fprintf(w, "  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n signedin-quickstart -i %q\n", s.ca)
		fmt.Fprintf(w, "  security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db %q\n", s.ca)
	}
	fmt.Fprintf(w, "Open %s\n", s.outbox.site)
}

// secure has the site served over https, by the name that the certificate is for.
func (s *site) secure(listener net.Listener, file string) (net.Listener, error) {
	cert, ca, err := host.HTTPS(file)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, err
	}
	s.ca, s.outbox.site = ca, "https://"+net.JoinHostPort("localhost", port)
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}), nil
}

// reachable is where a browser on this machine finds what listens at an address:
// one that stands for all of them is none to open.
func reachable(at net.Addr) string {
	listens, ok := at.(*net.TCPAddr)
	if !ok || !listens.IP.IsUnspecified() {
		return at.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(listens.Port))
}

// build puts the parts together: this is what a host writes.
func build(ctx context.Context, f flags, db *sqlx.DB, file string, clientIP middleware.ClientIP, log *slog.Logger) (*site, error) {
	p, err := newParts(ctx, f, db, file)
	if err != nil {
		return nil, err
	}
	locator, attribution := host.Places(ctx, f.cityDB, log)
	cfg := session.Config{Locator: locator, ProfileKeys: session.NewKeys(p.keys.Profile), Logger: log,
		WatchMode: -1} // a demonstration tells at once
	if f.demo {
		nowhere, err := demoLocator()
		if err != nil {
			return nil, err
		}
		cfg.Locator = geo.Combine(nowhere, cfg.Locator)
	}
	if err := p.watch(&cfg); err != nil {
		return nil, err
	}
	if f.demo && p.fresh {
		if err := demoSignIns(ctx, p.store, cfg, p.users); err != nil {
			return nil, err
		}
		if err := demoJourney(ctx, p.store, cfg, p.users); err != nil {
			return nil, err
		}
	}
	manager, err := session.New(p.store, cfg)
	if err != nil {
		return nil, err
	}
	var bind string
	if f.https {
		bind = "/session"
	}
	mw, err := middleware.New(manager, middleware.Config{
		BindDevices: bind,
		CookieKeys:  session.NewKeys(p.keys.Cookie), InsecureCookie: f.insecure, ClientIP: clientIP, Refuse: demo.Pages.Refuse,
	})
	if err != nil {
		return nil, err
	}
	pages, err := demo.New(p.users, mw, attribution, log)
	if err != nil {
		return nil, err
	}
	return &site{parts: p, handler: p.outbox.beside(pages, mw), manager: manager, mw: mw}, nil
}

// parts are what is kept: in the database, or in files beside it.
type parts struct {
	store  *sqlstore.Store
	users  *demo.Users
	fresh  bool // the users were made just now
	keys   host.Keys
	outbox *outbox
}

func newParts(ctx context.Context, f flags, db *sqlx.DB, file string) (p parts, err error) {
	if err = sqlstore.Migrate(ctx, db, sqlstore.Config{}); err == nil {
		p.store, err = sqlstore.New(ctx, db, sqlstore.Config{})
	}
	if err == nil {
		p.users, p.fresh, err = demo.NewUsers(ctx, db, p.store.InTx)
	}
	if err != nil {
		return p, fmt.Errorf("-db %s: %w", file, err)
	}
	if p.keys, err = host.ReadKeys(file + ".key"); err != nil {
		return p, err
	}
	if p.outbox, err = newOutbox(cmp.Or(f.outbox, file+".outbox"), p.users); err != nil {
		return p, fmt.Errorf("-outbox: %w", err)
	}
	return p, nil
}

// watch has sign-ins judged, and their users told of those that look wrong.
func (p parts) watch(cfg *session.Config) error {
	assessor, err := risk.New(risk.Config{Key: session.NewKeys(p.keys.Risk)})
	if err != nil {
		return err
	}
	p.users.Mail, p.users.Key = p.outbox.mail, p.keys.Cookie
	p.users.WrongAt = assessor.Failed
	notices, err := notice.New(p.store, p.outbox.add, notice.Config{App: "signedin quickstart", Path: "Device activity", Logger: cfg.Logger})
	if err != nil {
		return err
	}
	cfg.Assessor, cfg.Observers = assessor, append(cfg.Observers, notices)
	return nil
}

func isLoopback(addr string) bool {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && ip.IsLoopback()
}
