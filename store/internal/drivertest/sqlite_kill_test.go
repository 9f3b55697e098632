package drivertest_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/kit"
	"github.com/signedin/signedin/store/sqlstore"
	"github.com/signedin/signedin/store/storetest/need"
)

// killedFile names the database with which a copy of this test program works
// until it is killed.
const killedFile = "SIGNEDIN_KILLED_FILE"

// TestSQLiteKilled kills a program in the middle of a load on SQLite: what it
// said was acknowledged is there afterwards. (With synchronous off it would be
// as well: what the process wrote the kernel has, and only a loss of power
// takes that away.)
func TestSQLiteKilled(t *testing.T) {
	need.Heavy(t)
	eachSQLite(t, func(t *testing.T, driver string) {
		file := filepath.Join(t.TempDir(), "db")
		migrated(t, open(t, driver, sqlstore.SQLiteDSN(file)), sqlstore.Config{})
		var total loss
		for range kills() {
			revoked, started := loadUntilKilled(t, driver, file)
			db := open(t, driver, sqlstore.SQLiteDSN(file))
			st := migrated(t, db, sqlstore.Config{})
			l := &load{T: t, manager: managerOf(t, st), revoked: revoked, started: started}
			total.add(l.count())
			wantAllOrNone(t, db, st)
		}
		kit.Report(t, "sqlite("+driver+")", "kills", kills(), "revocations", total.revoked, "alive-again", total.alive,
			"sign-ins", total.started, "sign-ins-lost", total.gone, "promised", true)
		if total.alive+total.gone > 0 || total.revoked == 0 {
			t.Errorf("%d of %d revocations and %d of %d sign-ins were lost", total.alive, total.revoked, total.gone, total.started)
		}
	})
}

// loadUntilKilled runs a load in a process of its own and kills that after some
// revocations. It returns what was acknowledged.
func loadUntilKilled(t *testing.T, driver, file string) (revoked, started []signedIn) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestSQLiteLoad$/^"+driver+"$")
	cmd.Env = append(os.Environ(), killedFile+"="+file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		what, token, _ := strings.Cut(lines.Text(), " ")
		s := signedIn{"ada", tokenOf(t, token)}
		switch what {
		case "revoked":
			revoked = append(revoked, s)
		case "started":
			started = append(started, s)
		default:
			t.Fatalf("the load says: %s", lines.Text())
		}
		if len(revoked) == killAfter/4 {
			_ = cmd.Process.Kill() // and what it still says counts as well
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the load came to its end")
	}
	return revoked, started
}

func tokenOf(t *testing.T, text string) session.Token {
	t.Helper()
	token, err := session.ParseToken(text)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestSQLiteLoad is the load. It says what was acknowledged, once it was.
func TestSQLiteLoad(t *testing.T) {
	file := os.Getenv(killedFile)
	if file == "" {
		t.Skip("only run by TestSQLiteKilled")
	}
	eachSQLite(t, func(t *testing.T, driver string) {
		l := &load{T: t, manager: managerOf(t, migrated(t, open(t, driver, sqlstore.SQLiteDSN(file)), sqlstore.Config{}))}
		errs := make(chan error)
		for w := range 4 {
			go func() { errs <- l.forEver(w) }()
		}
		t.Fatal(<-errs)
	})
}

// forEver signs in and out, and ends many sessions at once.
func (l *load) forEver(worker int) error {
	ctx := context.WithoutCancel(l.Context())
	for n := 0; ; n++ {
		s, err := l.signIn("ada")
		if err != nil {
			return err
		}
		if n%2 == 0 {
			fmt.Println("started", s.token.Reveal())
			continue
		}
		if err := l.manager.Revoke(ctx, s.user, s.token.ID(), session.ReasonSignedOut); err != nil {
			return err
		}
		fmt.Println("revoked", s.token.Reveal())
		if worker > 0 {
			continue
		}
		if err := l.endCrowd(ctx); err != nil {
			return err
		}
	}
}

const crowd = 50

// endCrowd has a user with many sessions lose all but one at once.
func (l *load) endCrowd(ctx context.Context) error {
	var keep signedIn
	for range crowd {
		var err error
		if keep, err = l.signIn("a crowd"); err != nil {
			return err
		}
	}
	_, err := l.manager.RevokeAllExcept(ctx, keep.user, keep.token.ID(), session.ReasonSignedOutOthers)
	return err
}

// wantAllOrNone looks whether a kill left a revocation of all half done: the
// counter bumped, and nothing kept by which the sessions of before are marked.
func wantAllOrNone(t *testing.T, db *sqlx.DB, st session.Store) {
	t.Helper()
	left := func() (n int) {
		if err := db.Get(&n, `SELECT count(*) FROM signedin_sessions s JOIN signedin_users u ON u.user_id = s.user_id
			WHERE s.ended_at IS NULL AND s.user_generation <> u.generation`); err != nil {
			t.Fatal(err)
		}
		return n
	}
	unmarked := left()
	for more := true; more; { // as Run does
		var err error
		if more, err = st.Mark(t.Context(), "", 500); err != nil {
			t.Fatal(err)
		}
	}
	if n := left(); n > 0 {
		t.Errorf("%d of %d sessions were left by a revocation that ended others", n, unmarked)
	}
}
