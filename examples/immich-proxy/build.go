package main

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/examples/internal/host"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/middleware/activity"
	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
	"github.com/signedin/signedin/session/locale/catalog"
	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/session/risk"
	"github.com/signedin/signedin/store/cachestore"
	"github.com/signedin/signedin/store/pollbus"
	"github.com/signedin/signedin/store/sqlstore"
)

// parts are what the program is made of.
type parts struct {
	db      *sqlx.DB
	store   *sqlstore.Store
	cache   *cachestore.Store
	manager *session.Manager
	proxy   *immich.Proxy
	site    *site
	beside  []func(context.Context) // what runs beside the server
}

// build puts the parts together: this is what a host writes.
func build(ctx context.Context, f flags, db *sqlx.DB, file string, clientIP middleware.ClientIP, log *slog.Logger) (p *parts, err error) {
	p = &parts{db: db}
	target, err := url.Parse(f.target)
	if err != nil {
		return nil, fmt.Errorf("-target: %w", err)
	}
	if err := sqlstore.Migrate(ctx, db, sqlstore.Config{}); err != nil {
		return nil, fmt.Errorf("-db %s: %w", file, err)
	}
	store, err := sqlstore.New(ctx, db, sqlstore.Config{Logger: log})
	if err != nil {
		return nil, fmt.Errorf("-db %s: %w", file, err)
	}
	p.store = store
	defer func() {
		if err != nil {
			store.Close()
		}
	}()
	// A machine that transcodes videos answers reads of the database late: most
	// requests need none.
	if p.cache, err = cachestore.New(p.store, cachestore.Config{}); err != nil {
		return nil, err
	}
	bus, err := pollbus.New(p.store, pollbus.Config{Logger: log})
	if err != nil {
		return nil, err
	}
	locator, attribution := host.Places(ctx, f.cityDB, log)
	keys, err := host.ReadKeys(file + ".key")
	if err != nil {
		return nil, err
	}
	cfg := session.Config{Locator: locator, ProfileKeys: session.NewKeys(keys.Profile), Logger: log, Observers: []session.Observer{bus}}
	if f.fake {
		cfg.WatchMode = -1 // a demonstration has nothing to get to know first
	}
	box, err := newOutbox(cmp.Or(f.outbox, file+".outbox"), p.store)
	if err != nil {
		return nil, err
	}
	var guessed guesses
	if err := watch(&cfg, p.cache, box, &guessed, keys.Risk, f.devices); err != nil {
		return nil, err
	}
	if p.manager, err = session.New(p.cache, cfg); err != nil {
		return nil, err
	}
	icfg := immich.Config{ClientIP: clientIP, InsecurePassOnTrouble: f.pass, WrongPassword: guessed.add, Language: language, Logger: log}
	if f.lead {
		icfg.SignInMessage = func(r *http.Request) string {
			return `<a href="` + template.HTMLEscapeString(f.devices) + `">` + template.HTMLEscapeString(immich.Say(language(r), "lead")) + `</a>`
		}
	}
	if p.proxy, err = immich.New(p.manager, target, icfg); err != nil {
		return nil, fmt.Errorf("-target: %w", err)
	}
	confirm := &confirm{
		mw: p.proxy.Middleware(), proxy: p.proxy, target: target, clientIP: clientIP, transport: newTransport(),
		path: f.devices + "-confirm", devices: f.devices, failed: guessed.add,
	}
	if f.issuer != "" {
		if confirm.single, err = newSingle(p.proxy.Middleware(), f, confirm.path, keys.Cookie, log); err != nil {
			return nil, err
		}
	}
	devices, err := activity.New(p.proxy.Middleware(), activity.Config{
		Path: f.devices, Reauthenticate: confirm.path, Ended: p.proxy.Ended,
		Remarks: func(r *http.Request) []string { return immich.Remarks(language(r), p.proxy.Comparison(r)) },
		Home:    "/", SignedOut: signInPage, Attribution: attribution, Logger: log,
	})
	if err != nil {
		return nil, fmt.Errorf("-devices: %w", err)
	}
	p.beside = []func(context.Context){p.manager.Run, recheck(p.proxy), func(ctx context.Context) {
		_ = p.cache.Run(ctx, bus, p.manager.Hub()) // ends with ctx
	}}
	if f.smtp != "" {
		mailer, err := newMailer(box, f.smtp, log)
		if err != nil {
			return nil, err
		}
		p.beside = append(p.beside, mailer.run)
	}
	p.site = &site{f.devices, p.proxy, toSignIn(p.proxy, devices), toSignIn(p.proxy, confirm), f.lead}
	return p, nil
}

// language is how to speak to who sends a request.
func language(r *http.Request) *locale.Locale { return catalog.Match(r.Header.Get("Accept-Language")) }

// watch has sign-ins and moves judged, and their users told of those that look
// wrong: for the first two weeks, of those that look very wrong.
func watch(cfg *session.Config, store session.Store, box *outbox, guessed *guesses, key []byte, devices string) error {
	assessor, err := risk.New(risk.Config{Key: session.NewKeys(key), Extra: guessed.evidence})
	if err != nil {
		return err
	}
	guessed.failed = assessor.Failed
	notices, err := notice.New(store, box.add, notice.Config{App: "your photos", Path: "the page " + devices, Account: box.email, Logger: cfg.Logger})
	if err != nil {
		return err
	}
	cfg.Assessor, cfg.Observers = assessor, append(cfg.Observers, notices)
	return nil
}

// recheck finds the open WebSockets of sessions that were ended past the proxy.
func recheck(proxy *immich.Proxy) func(context.Context) {
	return func(ctx context.Context) {
		for tick := time.Tick(5 * time.Minute); ; {
			select {
			case <-tick:
				proxy.Recheck(ctx)
			case <-ctx.Done():
				return
			}
		}
	}
}
