package drivertest_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"
)

// A proxy stands before a server, and can be the trouble on the way to it.
type proxy struct {
	addr   string
	server string

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	serving  sync.WaitGroup
	state    linkState
	woken    chan struct{}     // closed when the state changes
	conns    map[net.Conn]bool // whether that one is half open
	// cut, if set, is asked before each packet, on its way to the server or
	// back, whether to cut the connection instead.
	cut func(toServer bool) bool
}

type linkState int

const (
	linkUp       linkState = iota
	linkDown               // connections are cut, and new ones too
	linkRefused            // connections are cut, and new ones refused
	linkSilent             // connections are there, and nothing comes through
	linkHalfOpen           // nothing comes through those that were there, and afterwards the other end knows nothing of them
	linkSlow               // each packet takes slowBy
)

// slowBy is more than half of the time that a request gives a read.
const slowBy = 150 * time.Millisecond

// startProxy starts a proxy before the server at an address.
func startProxy(t testing.TB, server string) *proxy {
	t.Helper()
	p := &proxy{server: server, woken: make(chan struct{}), conns: make(map[net.Conn]bool)}
	var err error
	for range 20 { // below the ports that the system gives to clients: it has to be there again later
		if err = p.listen(fmt.Sprint("127.0.0.1:", 12000+rand.IntN(18000))); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.set(linkDown)
		p.mu.Lock()
		if p.listener != nil {
			_ = p.listener.Close()
		}
		p.mu.Unlock()
		p.serving.Wait()
	})
	return p
}

func (p *proxy) listen(addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	p.addr, p.listener = addr, listener
	p.serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			p.serving.Go(func() { p.serve(c) })
		}
	})
	return nil
}

// set changes the state. Going down cuts what is open.
func (p *proxy) set(s linkState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	close(p.woken)
	p.woken = make(chan struct{})
	switch s {
	case linkRefused:
		_ = p.listener.Close()
		p.listener = nil
		p.cutAll()
	case linkDown:
		p.cutAll()
	case linkHalfOpen:
		for c := range p.conns {
			p.conns[c] = true
		}
	case linkUp:
		for c, half := range p.conns {
			if half { // the other end says so, to the next packet or to one that keeps it alive
				reset(c)
			}
		}
		for n := 0; p.listener == nil && n < 1000; n++ {
			if err := p.listen(p.addr); err != nil {
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
}

func (p *proxy) cutAll() {
	for c := range p.conns {
		_ = c.Close()
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

// reset ends a connection as an end does that knows nothing of it.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
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
		p.pump(c, c, s, true)
		_ = c.Close()
		_ = s.Close()
	}()
	p.pump(c, s, c, false)
	_ = c.Close()
	_ = s.Close()
	<-done
}

func (p *proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == linkDown || p.state == linkRefused {
		return false
	}
	p.conns[c] = false
	return true
}

func (p *proxy) remove(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// pump forwards the packets of a connection until it ends or is cut.
func (p *proxy) pump(conn, from, to net.Conn, toServer bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		pass, lost := p.passes(conn, toServer)
		if lost {
			continue
		}
		if !pass {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// passes reports whether a packet comes through, once it can, or is lost.
func (p *proxy) passes(conn net.Conn, toServer bool) (pass, lost bool) {
	for {
		p.mu.Lock()
		state, woken, cut, half := p.state, p.woken, p.cut, p.conns[conn]
		p.mu.Unlock()
		switch {
		case state == linkDown, state == linkRefused:
			return false, false
		case half:
			return false, true
		case state == linkSlow:
			time.Sleep(slowBy)
			return true, false
		case state != linkSilent:
			return cut == nil || !cut(toServer), false
		}
		<-woken
	}
}

// proxied starts a proxy before the server that a variable names, and returns
// how to reach that through it.
func proxied(t testing.TB, env string) (p *proxy, dsn string) {
	t.Helper()
	return behindProxy(t, service(t, env))
}

// behindProxy starts a proxy before a server, and returns how to reach that
// through it.
func behindProxy(t testing.TB, dsn string) (p *proxy, behind string) {
	t.Helper()
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
	db := openThrough(t, driver, dsn)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	return p, db
}

func openThrough(t testing.TB, driver, dsn string) *sqlx.DB {
	t.Helper()
	if driver == "mysql" {
		return openQuietly(t, dsn)
	}
	return open(t, driver, dsn)
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
