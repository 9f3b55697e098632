package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"
)

const (
	// passwordVariable holds the password of -smtp: a flag would be seen by all
	// users of the machine.
	passwordVariable = "SMTP_PASSWORD"
	sendEvery        = 5 * time.Second
	retryAfter       = time.Minute
	sendTimeout      = time.Minute // for one mail
)

// A mailer sends what is in the outbox by SMTP. A mail leaves the folder once the
// server has taken it over, so none is lost with the program; one may come twice.
type mailer struct {
	box        *outbox
	addr, host string
	from       string
	auth       smtp.Auth      // nil for none
	implicit   bool           // TLS from the start
	roots      *x509.CertPool // whose servers are trusted; nil for those of the system
	log        *slog.Logger
	told       map[string]bool // files whose trouble was logged
}

// newMailer reads a URL such as smtps://photos%40example.com@mail.example.com, or
// smtp://localhost?from=photos@example.com.
func newMailer(box *outbox, text string, log *slog.Logger) (*mailer, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		return nil, errors.New("-smtp: want smtp://user@host:587 or smtps://user@host:465")
	}
	if _, set := u.User.Password(); set {
		return nil, fmt.Errorf("-smtp: everybody on this machine can read a flag: put the password into the environment, as %s", passwordVariable)
	}
	m := &mailer{box: box, host: u.Hostname(), implicit: u.Scheme == "smtps", log: log, told: make(map[string]bool)}
	port := map[bool]string{false: "587", true: "465"}[m.implicit]
	m.addr = net.JoinHostPort(m.host, cmp.Or(u.Port(), port))
	from, err := mail.ParseAddress(cmp.Or(u.Query().Get("from"), u.User.Username()))
	if err != nil {
		return nil, errors.New("-smtp: whose mails are these? Add ?from=photos@example.com")
	}
	m.from = from.Address
	if user := u.User.Username(); user != "" { // which net/smtp sends over TLS, or to this machine, only
		m.auth = smtp.PlainAuth("", user, os.Getenv(passwordVariable), m.host)
	}
	return m, nil
}

// run sends until ctx is done.
func (m *mailer) run(ctx context.Context) {
	for pause := time.Duration(0); ; {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
		if pause = sendEvery; m.sendAll() != nil {
			pause = retryAfter
		}
	}
}

// sendAll sends what is there, the oldest first for each user.
func (m *mailer) sendAll() error {
	files, err := fs.Glob(m.box.root.FS(), "*/*.eml")
	slices.Sort(files)
	for _, file := range files {
		if e := m.send(file); e != nil {
			if !m.told[file] {
				m.log.Error("a mail was not sent; it stays in the outbox, and is tried again", "file", file, "error", e)
			}
			m.told[file] = true
			err = e
			if _, refused := errors.AsType[net.Error](e); refused {
				return err // the others would not come through either
			}
		}
	}
	return err
}

// send sends one mail, and deletes it.
func (m *mailer) send(file string) error {
	text, err := m.box.root.ReadFile(file)
	if err != nil {
		return err
	}
	msg, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return err
	}
	to, err := mail.ParseAddress(msg.Header.Get("To"))
	if err != nil {
		return fmt.Errorf("no address: %w", err)
	}
	conn, err := net.DialTimeout("tcp", m.addr, sendTimeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(sendTimeout)); err != nil {
		return err
	}
	if m.implicit {
		conn = tls.Client(conn, &tls.Config{ServerName: m.host, RootCAs: m.roots})
	}
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return err
	}
	if ok, _ := c.Extension("STARTTLS"); ok && !m.implicit {
		if err := c.StartTLS(&tls.Config{ServerName: m.host, RootCAs: m.roots}); err != nil {
			return err
		}
	}
	if m.auth != nil {
		if err := c.Auth(m.auth); err != nil {
			return err
		}
	}
	if err := mailFrom(c, m.from, to.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to.Address); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	head := "From: " + m.from + "\nMIME-Version: 1.0\nAuto-Submitted: auto-generated\n"
	if _, err := w.Write([]byte(strings.ReplaceAll(head+string(text), "\n", "\r\n"))); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the server has it
	delete(m.told, file)
	return m.box.root.Remove(file)
}

// mailFrom is c.Mail, which asks for SMTPUTF8 wherever it is offered, but that only
// addresses that need it ask: a server that passes the mail on to one that has none of it
// would have to send it back.
func mailFrom(c *smtp.Client, from, to string) error {
	if strings.ContainsFunc(from+to, func(r rune) bool { return r > unicode.MaxASCII || r < ' ' }) {
		return c.Mail(from)
	}
	body := ""
	if ok, _ := c.Extension("8BITMIME"); ok {
		body = " BODY=8BITMIME"
	}
	id, err := c.Text.Cmd("MAIL FROM:<%s>%s", from, body)
	if err != nil {
		return err
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	_, _, err = c.Text.ReadResponse(250)
	return err
}
