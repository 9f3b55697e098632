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
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

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
	insecure, demo                    bool
}

func main() {
	var f flags
	flag.StringVar(&f.addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	flag.StringVar(&f.db, "db", "", "SQLite `file` (default: signedin/quickstart.db in your cache directory)")
	flag.StringVar(&f.cityDB, "city-db", "", "city database in MaxMind's format, a .mmdb `file` (default: countries only)")
	flag.StringVar(&f.proxies, "trusted-proxies", "", "`prefixes` of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8,fd00::/8")
	flag.StringVar(&f.outbox, "outbox", "", "`folder` for the e-mails that a site would send (default: beside the database)")
	flag.BoolVar(&f.insecure, "insecure-cookie", false, "send the cookie without Secure, for Safari on this machine; refused anywhere else")
	flag.BoolVar(&f.demo, "demo", false, "start with some devices signed in, in places where nobody is; the database is a temporary one unless -db is given")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "quickstart: %q is not a flag\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, f, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run is the program: it returns when ctx is done, or with what went wrong.
func run(ctx context.Context, f flags, stdout, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	if f.insecure && !isLoopback(f.addr) {
		return fmt.Errorf("-insecure-cookie works on a loopback -addr only, not on %s", f.addr)
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
	if f.demo && f.db == "" {
		dir, err := os.MkdirTemp("", "quickstart-demo-")
		if err != nil {
			return fmt.Errorf("-demo: %w", err)
		}
		defer os.RemoveAll(dir)
		f.db = filepath.Join(dir, "quickstart.db")
	}
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
	fmt.Fprintf(stdout, "Database: %s\n", file)
	if s.fresh {
		fmt.Fprintf(stdout, "Made two users, %s, with the password %q\n", strings.Join(demo.Emails, " and "), demo.Password)
	}
	fmt.Fprintf(stdout, "E-mails are not sent but kept in %s, and shown at http://%s/outbox\n", s.outbox.dir, listener.Addr())
	fmt.Fprintf(stdout, "Open http://%s\n", listener.Addr())
	return host.Serve(ctx, listener, host.NewServer(s.handler), s.manager.Run)
}

// site is what is served.
type site struct {
	handler http.Handler
	manager *session.Manager
	outbox  *outbox
	fresh   bool // its users were made just now
}

// build puts the parts together: this is what a host writes.
func build(ctx context.Context, f flags, db *sqlx.DB, file string, clientIP middleware.ClientIP, log *slog.Logger) (*site, error) {
	if err := sqlstore.Migrate(ctx, db, sqlstore.Config{}); err != nil {
		return nil, fmt.Errorf("-db %s: %w", file, err)
	}
	store, err := sqlstore.New(ctx, db, sqlstore.Config{})
	if err != nil {
		return nil, fmt.Errorf("-db %s: %w", file, err)
	}
	locator, attribution := host.Places(ctx, f.cityDB, log)
	if f.demo {
		nowhere, err := demoLocator()
		if err != nil {
			return nil, err
		}
		locator = geo.Combine(nowhere, locator)
	}
	keys, err := host.ReadKeys(file + ".key")
	if err != nil {
		return nil, err
	}
	users, created, err := demo.NewUsers(ctx, db, store.InTx)
	if err != nil {
		return nil, fmt.Errorf("-db %s: %w", file, err)
	}
	mails, err := newOutbox(cmp.Or(f.outbox, file+".outbox"), users)
	if err != nil {
		return nil, fmt.Errorf("-outbox: %w", err)
	}
	cfg := session.Config{Locator: locator, ProfileKeys: [][]byte{keys.Profile}, Logger: log}
	if f.demo && created {
		if err := demoSignIns(ctx, store, cfg, users); err != nil {
			return nil, err
		}
	}
	if err := watch(&cfg, store, users, mails, keys.Risk); err != nil {
		return nil, err
	}
	manager, err := session.New(store, cfg)
	if err != nil {
		return nil, err
	}
	mw, err := middleware.New(manager, middleware.Config{
		CookieKeys: [][]byte{keys.Cookie}, InsecureCookie: f.insecure, ClientIP: clientIP, Refuse: middleware.ToSignIn("/login"),
	})
	if err != nil {
		return nil, err
	}
	pages, err := demo.New(users, mw, attribution, log)
	if err != nil {
		return nil, err
	}
	return &site{mails.beside(pages, mw), manager, mails, created}, nil
}

// watch has sign-ins judged, and their users told of those that look wrong.
func watch(cfg *session.Config, store session.Store, users *demo.Users, mails *outbox, key []byte) error {
	assessor, err := risk.New(risk.Config{Key: key})
	if err != nil {
		return err
	}
	users.Wrong = func(id string) { assessor.Failed(id, time.Now()) }
	notices, err := notice.New(store, mails.add, notice.Config{App: "signedin quickstart", Path: "Device activity", Logger: cfg.Logger})
	if err != nil {
		return err
	}
	cfg.Assessor, cfg.Observers = assessor, []session.Observer{notices}
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
