package drivertest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/redisstore"
	"github.com/signedin/signedin/store/sqlstore"
)

// TestPostgresDiskFull and the two after it: nobody can sign in, nobody is signed
// out, what was acknowledged holds, and once there is space everything goes on.
func TestPostgresDiskFull(t *testing.T) {
	s := postgresRoom(t).smallDisk(192).postgres()
	db := open(t, "pgx", "host="+s.dir+" user=signedin database=postgres")
	start := func() { s.start(func() error { return db.PingContext(t.Context()) }) }
	start()
	diskFull(t, s, migrated(t, db, sqlstore.Config{}), start, "disk is full")
}

func TestMySQLDiskFull(t *testing.T) {
	s := mysqlRoom(t).smallDisk(256).mysql()
	root := "root@unix(" + s.path("socket") + ")/"
	control := openQuietly(t, root)
	start := func() { s.start(func() error { return control.PingContext(t.Context()) }) }
	start()
	mustExec(t, control, "CREATE DATABASE signedin")
	diskFull(t, s, migrated(t, openQuietly(t, root+"signedin"), sqlstore.Config{}), start, "") // InnoDB may abort
}

func TestRedisDiskFull(t *testing.T) {
	s := redisRoom(t).smallDisk(16).redis()
	s.command = append(s.command, "--dir", s.path("data"), "--appendonly", "yes")
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: s.path("socket")})
	t.Cleanup(func() { _ = client.Close() })
	start := func() { s.start(func() error { return client.Ping(t.Context()).Err() }) }
	start()
	diskFull(t, s, redisStore(t, client, redisstore.Config{}), start, "cannot write to its disk")
}

// smallDisk puts the directory of the data on a disk of its own.
func (s *ownServer) smallDisk(megabytes int) *ownServer {
	s.t.Helper()
	data := s.path("data")
	if err := os.Mkdir(data, 0o700); err != nil {
		s.t.Fatal(err)
	}
	options := fmt.Sprintf("size=%dm", megabytes)
	if s.account != nil {
		options += fmt.Sprintf(",uid=%d,gid=%d", s.account.Uid, s.account.Gid)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", data).CombinedOutput(); err != nil {
		s.t.Skipf("SKIPPED: a small disk cannot be made here: %v: %s", err, out)
	}
	s.t.Cleanup(func() {
		s.kill()
		if out, err := exec.Command("umount", data).CombinedOutput(); err != nil {
			s.t.Errorf("%v: %s", err, out)
		}
	})
	return s
}

// diskFull lets the server's disk run full, and looks what its store does. A
// server that ends by that is started again when there is space.
func diskFull(t *testing.T, s *ownServer, store session.Store, start func(), says string) {
	t.Helper()
	const known = 20
	for n := range byte(known) {
		if err := store.Create(t.Context(), sample(n)); err != nil {
			t.Fatal(err)
		}
	}
	ended := map[byte]bool{}
	revoke := func(n byte) error {
		done, err := store.Revoke(t.Context(), session.Revocation{UserID: "ada", Only: []session.ID{sample(n).ID}, Ending: session.Ending{At: someTime}})
		ended[n] = ended[n] || err == nil
		if errors.Is(err, session.ErrRefused) || err == nil && len(done.IDs) != 1 {
			t.Errorf("Revoke: got %v, %v, want the session or trouble", done.IDs, err)
		}
		return err
	}
	look := func(when string) (err error) {
		for n := range byte(known) {
			got, _, e := store.Get(t.Context(), sample(n).ID)
			if errors.Is(e, session.ErrRefused) || e == nil && ended[n] && got.Ended == nil || e == nil && n > 2 && got.Ended != nil {
				t.Fatalf("%s, session %d: got %+v, %v, want it ended: %v", when, n, got, e, ended[n])
			}
			err = errors.Join(err, e)
		}
		return err
	}
	if err := revoke(0); err != nil {
		t.Fatal(err)
	}

	filler := s.fillDisk()
	var err error
	n := byte(known)
	for ; err == nil && n < 250; n++ {
		err = store.Create(t.Context(), sample(n))
	}
	wantTrouble(t, err, says)
	_ = revoke(1) // there may be space for so little
	eventually(t, "an answer, or the end of the server", func() bool { return look("on a full disk") == nil || !s.isRunning() })

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if !s.isRunning() {
		s.kill() // what is left of it
		start()
	}
	eventually(t, "a sign-in", func() bool { return store.Create(t.Context(), sample(n)) == nil })
	eventually(t, "a revocation", func() bool { return revoke(2) == nil })
	if err := look("afterwards"); err != nil {
		t.Error(err)
	}
}

// fillDisk writes a file until there is no space.
func (s *ownServer) fillDisk() (file string) {
	s.t.Helper()
	f, err := os.Create(s.path("data/filler"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 1 << 12} {
		chunk := make([]byte, size)
		for err = nil; err == nil; {
			_, err = f.Write(chunk)
		}
	}
	return f.Name()
}
