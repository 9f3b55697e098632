package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"golang.org/x/crypto/bcrypt"
)

// Password is what the two users of a new database sign in with.
const Password = "correct horse battery"

// Emails are the two users of a new database.
var Emails = []string{"alice@example.com", "bob@example.com"}

var (
	errWrong = errors.New("wrong e-mail address or password")
	errWeak  = errors.New("password too short or too long")

	errNotSignedOut = errors.New("other devices not signed out")
)

// nobody has no account. Who asks for an unknown address waits as long as who
// gives a wrong password.
const nobody = "nobody"

// A Transaction runs f in a transaction and commits it, as sqlstore's InTx: by
// the context that f gets, sessions end in the same one.
type Transaction func(ctx context.Context, f func(ctx context.Context, tx *sqlx.Tx) error) error

// Users keeps the accounts of the site.
type Users struct {
	// WrongAt, if set, is told of each wrong password.
	WrongAt func(id string, at time.Time)
	// Mail, if set, sends an e-mail to a user, with the path of a link. It is how
	// who has forgotten the password shows who they are. Key is what seals the link.
	Mail func(ctx context.Context, id, subject, text, path string) error
	Key  []byte

	db      *sqlx.DB
	inTx    Transaction
	nobodys []byte // a hash that no password has
}

// NewUsers makes the table, and the two users if there are none. created tells
// whether it did. inTx is nil if the sessions are not in db.
func NewUsers(ctx context.Context, db *sqlx.DB, inTx Transaction) (u *Users, created bool, err error) {
	u = &Users{db: db, inTx: inTx}
	if u.nobodys, err = hash(uuid.NewString()); err != nil {
		return nil, false, err
	}
	if _, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS demo_users (id VARCHAR(36) PRIMARY KEY, email VARCHAR(255) NOT NULL UNIQUE, hash VARCHAR(72) NOT NULL)`); err != nil {
		return nil, false, fmt.Errorf("demo: users: %w", err)
	}
	var n int
	if err = db.GetContext(ctx, &n, `SELECT COUNT(*) FROM demo_users`); err != nil || n > 0 {
		return u, false, err
	}
	for _, email := range Emails {
		h, err := hash(Password)
		if err != nil {
			return nil, false, err
		}
		_, err = db.ExecContext(ctx, db.Rebind(`INSERT INTO demo_users (id, email, hash) VALUES (?, ?, ?)`), uuid.NewString(), email, string(h))
		if err == nil {
			continue
		}
		// Another program may have been first, at the same moment.
		if id, there := u.ID(ctx, email); there != nil || id == nobody {
			return nil, false, fmt.Errorf("demo: users: %w", err)
		}
	}
	return u, true, nil
}

// ID returns the user's ID; for an unknown address it is that of nobody.
func (u *Users) ID(ctx context.Context, email string) (id string, err error) {
	err = u.db.GetContext(ctx, &id, u.db.Rebind(`SELECT id FROM demo_users WHERE email = ?`), strings.ToLower(strings.TrimSpace(email)))
	if errors.Is(err, sql.ErrNoRows) {
		return nobody, nil
	}
	return id, err
}

// Email returns the user's address.
func (u *Users) Email(ctx context.Context, id string) (email string, err error) {
	err = u.db.GetContext(ctx, &email, u.db.Rebind(`SELECT email FROM demo_users WHERE id = ?`), id)
	return email, err
}

// CheckPassword returns errWrong unless it is the user's password.
func (u *Users) CheckPassword(ctx context.Context, id, password string) error {
	stored, err := u.hash(ctx, id)
	if err != nil {
		return err
	}
	if bcrypt.CompareHashAndPassword(stored, []byte(password)) != nil || id == nobody {
		if u.WrongAt != nil {
			u.WrongAt(id, time.Now())
		}
		return errWrong
	}
	return nil
}

// A Proof is why the password may be changed: by the current one, which is
// [Given], or because of another proof just now.
type Proof struct {
	current string
	proved  bool
}

// JustProved is the Proof of a user who has just proved who they are.
var JustProved = Proof{proved: true}

// Given is the Proof by the current password.
func Given(current string) Proof { return Proof{current: current} }

// SetPassword replaces the password, if current is it, and then ends other
// sessions by end: both happen or none, if the sessions are in the same
// database. Else the password has changed when end fails, which is
// errNotSignedOut.
func (u *Users) SetPassword(ctx context.Context, id string, current Proof, next string, end func(ctx context.Context) error) error {
	stored, err := u.hash(ctx, id)
	if err != nil {
		return err
	}
	if !current.proved && bcrypt.CompareHashAndPassword(stored, []byte(current.current)) != nil {
		return errWrong
	}
	if len(next) < 8 || len(next) > 72 { // bcrypt takes no more
		return errWeak
	}
	h, err := hash(next) // slow, so before the transaction
	if err != nil {
		return err
	}
	if u.inTx == nil {
		if err := replace(ctx, u.db, id, stored, h); err != nil {
			return err
		}
		if err := end(ctx); err != nil {
			return fmt.Errorf("%w: %w", errNotSignedOut, err)
		}
		return nil
	}
	return u.inTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		if err := replace(ctx, tx, id, stored, h); err != nil {
			return err
		}
		return end(ctx)
	})
}

// replace writes a hash in the place of another one. Of two changes at once,
// the second no longer knows the current password.
func replace(ctx context.Context, db sqlx.ExtContext, id string, old, new []byte) error {
	done, err := db.ExecContext(ctx, db.Rebind(`UPDATE demo_users SET hash = ? WHERE id = ? AND hash = ?`), string(new), id, string(old))
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return errWrong
}

func (u *Users) hash(ctx context.Context, id string) ([]byte, error) {
	if id == nobody {
		return u.nobodys, nil
	}
	var h []byte
	err := u.db.GetContext(ctx, &h, u.db.Rebind(`SELECT hash FROM demo_users WHERE id = ?`), id)
	return h, err
}

// cost is lower in tests of the site, which sign in all the time.
var cost = bcrypt.DefaultCost

func hash(password string) ([]byte, error) {
	return bcrypt.GenerateFromPassword([]byte(password), cost)
}
