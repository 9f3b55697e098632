package drivertest_test

import (
	"database/sql"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"
)

// A proxy stands before a server, and can be the trouble on the way to it.
type proxy struct {
	addr   string
	server string

	mu    sync.Mutex
	state linkState
	woken chan struct{} // closed when the state changes
	conns map[net.Conn]bool
	// cut, if set, is asked before each packet, on its way to the server or
	// back, whether to cut the connection instead.
	cut func(toServer bool) bool
}

type linkState int

const (
	linkUp     linkState = iota
	linkDown             // connections are cut, and new ones too
	linkSilent           // connections are there, and nothing comes through
)

// startProxy starts a proxy before the server at an address.
func startProxy(t testing.TB, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: listener.Addr().String(), server: server, woken: make(chan struct{}), conns: make(map[net.Conn]bool)}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.set(linkDown)
		wg.Wait()
	})
	return p
}

// set changes the state. Going down cuts what is open.
func (p *proxy) set(s linkState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	close(p.woken)
	p.woken = make(chan struct{})
	if s == linkDown {
		for c := range p.conns {
			_ = c.Close()
		}
	}
}

// cutBy has f asked before each packet.
func (p *proxy) cutBy(f func(toServer bool) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = f
}

// open returns how many connections are open.
func (p *proxy) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	if !p.add(c) {
		return
	}
	defer p.remove(c)
	s, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer s.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.pump(c, s, true)
		_ = c.Close()
		_ = s.Close()
	}()
	p.pump(s, c, false)
	_ = c.Close()
	_ = s.Close()
	<-done
}

func (p *proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == linkDown {
		return false
	}
	p.conns[c] = true
	return true
}

func (p *proxy) remove(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// pump forwards packets until the connection ends or is cut.
func (p *proxy) pump(from, to net.Conn, toServer bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || !p.passes(toServer) {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// passes reports whether a packet comes through, once it can.
func (p *proxy) passes(toServer bool) bool {
	for {
		p.mu.Lock()
		state, woken, cut := p.state, p.woken, p.cut
		p.mu.Unlock()
		switch {
		case state == linkDown:
			return false
		case state == linkUp:
			return cut == nil || !cut(toServer)
		}
		<-woken
	}
}

// proxied starts a proxy before the server that a variable names, and returns
// how to reach that through it.
func proxied(t testing.TB, env string) (p *proxy, dsn string) {
	t.Helper()
	dsn = service(t, env)
	server := dsn
	for _, form := range []string{`tcp\((.+?)\)`, `://(?:[^/]*@)?([^/]+)`} {
		if found := regexp.MustCompile(form).FindStringSubmatch(dsn); found != nil {
			server = found[1]
		}
	}
	p = startProxy(t, server)
	return p, strings.Replace(dsn, server, p.addr, 1)
}

// proxiedSQL opens a database through a proxy.
func proxiedSQL(t testing.TB, driver, env string) (*proxy, *sqlx.DB) {
	t.Helper()
	p, dsn := proxied(t, env)
	var db *sqlx.DB
	if driver == "mysql" {
		db = openQuietly(t, dsn)
	} else {
		db = open(t, driver, dsn)
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	return p, db
}

// openQuietly opens a MySQL database without a log of what the test does to its
// connections.
func openQuietly(t testing.TB, dsn string) *sqlx.DB {
	t.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "mysql")
	t.Cleanup(func() { _ = db.Close() }) // its connections may be cut
	return db
}

// proxiedRedis opens a Redis server through a proxy. retries is go-redis's: -1
// for none.
func proxiedRedis(t testing.TB, retries int) (*proxy, *redis.Client) {
	t.Helper()
	opts := redisOptions(t)
	opts.MaxRetries = retries
	p := startProxy(t, opts.Addr)
	opts.Addr = p.addr
	return p, closing(t, redis.NewClient(opts))
}
