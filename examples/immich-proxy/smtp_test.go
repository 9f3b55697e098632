package main

import (
	"errors"
	"log/slog"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signedin/signedin/session/notice"
	"github.com/signedin/signedin/store/memstore"
)

// receive is a server that takes one mail over, after it has answered RCPT with
// that status as often as there are some.
func receive(t *testing.T, refuse ...string) (addr string, mails chan []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	mails = make(chan []string, 8)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c := textproto.NewConn(conn)
			_ = c.PrintfLine("220 here")
			for line, err := c.ReadLine(); err == nil; line, err = c.ReadLine() {
				switch verb, _, _ := strings.Cut(line, " "); {
				case verb == "RCPT" && len(refuse) > 0:
					_ = c.PrintfLine("%s", refuse[0])
					refuse = refuse[1:]
				case verb == "DATA":
					_ = c.PrintfLine("354 go on")
					mail, _ := c.ReadDotLines()
					mails <- mail
					_ = c.PrintfLine("250 mine")
				case verb == "QUIT":
					_ = c.PrintfLine("221 bye")
				default:
					_ = c.PrintfLine("250 ok")
				}
			}
			c.Close()
		}
	}()
	return l.Addr().String(), mails
}

// A mail leaves the outbox when the server has taken it over, and not before.
func TestMailer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	box, err := newOutbox(dir, memstore.New())
	if err != nil {
		t.Fatal(err)
	}
	addr, mails := receive(t, "451 later")
	m, err := newMailer(box, "smtp://"+addr+"?from=photos@example.com", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	left := func() int {
		files, err := filepath.Glob(filepath.Join(dir, "*", "*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	if err := box.add(t.Context(), notice.Notice{UserID: "ann", Kind: notice.KindAlert, At: time.Unix(1, 0), Subject: "Bitte prüfen", Text: "Hello.\n.\nStill here.\n"}); err != nil {
		t.Fatal(err)
	}
	if err := m.sendAll(); err == nil || left() != 1 { // Immich has told no address yet
		t.Errorf("without an address: got %v, %d left", err, left())
	}
	files, _ := filepath.Glob(filepath.Join(dir, "ann", "*.eml"))
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], []byte("To: ann@example.com"+strings.TrimPrefix(string(text), "To: ")), 0o600); err != nil {
		t.Fatal(err)
	}
	var refused *textproto.Error
	if err := m.sendAll(); !errors.As(err, &refused) || refused.Code != 451 || left() != 1 {
		t.Errorf("refused: got %v, %d left", err, left())
	}
	if err := m.sendAll(); err != nil || left() != 0 {
		t.Fatalf("got %v, %d left", err, left())
	}
	got := strings.Join(<-mails, "\n")
	for _, want := range []string{"From: photos@example.com\n", "To: ann@example.com\n", "Subject: =?utf-8?q?Bitte_pr=C3=BCfen?=\n", "\n\nHello.\n.\nStill here."} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if len(mails) != 0 {
		t.Error("sent twice")
	}
}

func TestMailerIsChecked(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"mail.example.com", "smtp://", "smtp://mail.example.com", "smtp://a%40example.com:secret@mail.example.com"} {
		if _, err := newMailer(nil, bad, nil); err == nil || !strings.Contains(err.Error(), "-smtp") {
			t.Errorf("%s: got %v", bad, err)
		}
	}
}
