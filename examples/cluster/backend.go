package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/examples/internal/host"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/pgbus"
	"github.com/signedin/signedin/store/pollbus"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

// backend is what the instances share.
type backend struct {
	store session.Store
	bus   session.Bus
	users *demo.Users
	fresh bool    // the users were made just now
	pool  *sql.DB // nil if the sessions are not in a SQL database

	name    string // what to call it before people
	keyFile string
	closers []func() error
}

// open opens the database that dsn names, and the bus that suits it.
func open(ctx context.Context, dsn string, log *slog.Logger) (*backend, error) {
	b := &backend{name: dsn}
	var err error
	if u, notURL := url.Parse(dsn); notURL == nil && u.User != nil {
		b.name = u.Redacted()
	}
	switch scheme, _, _ := strings.Cut(dsn, "://"); {
	case scheme == "postgres", scheme == "postgresql":
		err = b.postgres(ctx, dsn, log)
	case scheme == "redis", scheme == "rediss":
		err = b.redis(ctx, dsn, log)
	case scheme == "mysql", strings.Contains(dsn, "@tcp("), strings.Contains(dsn, "@unix("):
		err = b.mysql(ctx, dsn, log)
	case scheme != dsn:
		err = errors.New("want a file, or a URL that begins with postgres, mysql or redis")
	default:
		err = b.sqlite(ctx, dsn, log)
	}
	if err == nil && b.keyFile == "" {
		b.keyFile, err = host.StateFile("cluster.key")
	}
	if err != nil {
		return nil, fmt.Errorf("-db %s: %w", b.name, errors.Join(err, b.close()))
	}
	return b, nil
}

func (b *backend) close() error {
	var errs []error
	for i := range b.closers {
		errs = append(errs, b.closers[len(b.closers)-1-i]())
	}
	return errors.Join(errs...)
}

func (b *backend) sqlite(ctx context.Context, file string, log *slog.Logger) error {
	db, file, err := host.OpenSQLite(file, "cluster.db")
	if err != nil {
		return err
	}
	b.name, b.keyFile = file, file+".key"
	store, err := b.sql(ctx, db, log)
	if err != nil {
		return err
	}
	b.bus, err = pollbus.New(store, pollbus.Config{Logger: log})
	return err
}

func (b *backend) mysql(ctx context.Context, dsn string, log *slog.Logger) error {
	b.name = "mysql" // not a password that somebody reads
	cfg, err := mysqlConfig(dsn)
	if err != nil {
		return err
	}
	b.name = "mysql://" + cfg.Addr + "/" + cfg.DBName
	db, err := sqlx.Open("mysql", cfg.FormatDSN())
	if err != nil {
		return err
	}
	store, err := b.sql(ctx, db, log)
	if err != nil {
		return err
	}
	b.bus, err = pollbus.New(store, pollbus.Config{Logger: log})
	return err
}

// mysqlConfig reads a URL, or what the driver takes.
func mysqlConfig(dsn string) (*mysql.Config, error) {
	if !strings.HasPrefix(dsn, "mysql://") {
		return mysql.ParseDSN(dsn)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, errors.New("want mysql://user:password@host:port/database")
	}
	cfg := mysql.NewConfig()
	cfg.User, cfg.Net, cfg.Addr, cfg.DBName = u.User.Username(), "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	cfg.Passwd, _ = u.User.Password()
	if u.Port() == "" {
		cfg.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	return cfg, nil
}

func (b *backend) postgres(ctx context.Context, dsn string, log *slog.Logger) error {
	db, err := sqlx.Open("pgx", dsn)
	if err != nil {
		return err
	}
	if _, err = b.sql(ctx, db, log); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	b.closers = append(b.closers, func() error { pool.Close(); return nil })
	b.bus, err = pgbus.New(pool, pgbus.Config{Logger: log})
	return err
}

// sql has sessions and users in one database, where a change of the password
// and the end of the other sessions commit together.
func (b *backend) sql(ctx context.Context, db *sqlx.DB, log *slog.Logger) (*sqlstore.Store, error) {
	b.closers = append(b.closers, db.Close)
	db.SetMaxIdleConns(8) // the default, 2, makes new connections all the time
	if err := sqlstore.Migrate(ctx, db, sqlstore.Config{}); err != nil {
		return nil, err
	}
	store, err := sqlstore.New(ctx, db, sqlstore.Config{Logger: log})
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, store.Close)
	b.store, b.pool = store, db.DB
	b.users, b.fresh, err = demo.NewUsers(ctx, db, store.InTx)
	return store, err
}

// redis has the sessions in Redis, and the users in a SQLite file.
func (b *backend) redis(ctx context.Context, dsn string, log *slog.Logger) error {
	opts, err := redis.ParseURL(dsn)
	if err != nil {
		return err
	}
	opts.ContextTimeoutEnabled = true // or a read could take longer than a request has time
	client := redis.NewClient(opts)
	b.closers = append(b.closers, client.Close)
	if b.store, err = redisstore.New(ctx, client, redisstore.Config{Logger: log}); err != nil {
		return err
	}
	b.bus = redisstore.NewBus(client, redisstore.Config{Logger: log})
	db, file, err := host.OpenSQLite("", "cluster.db")
	if err != nil {
		return err
	}
	b.closers = append(b.closers, db.Close)
	b.name += ", users: " + file
	b.users, b.fresh, err = demo.NewUsers(ctx, db, nil)
	return err
}
