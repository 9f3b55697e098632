package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/signedin/signedin/examples/internal/demo"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
)

// outbox keeps e-mails as files, in a folder a user, instead of sending them.
type outbox struct {
	dir   string
	root  *os.Root // what is outside of dir cannot be reached
	users *demo.Users
	site  string // where the site is, for links
}

func newOutbox(dir string, users *demo.Users) (*outbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	return &outbox{dir: dir, root: root, users: users}, err
}

// add writes a file that sorts by its time. A host would put n into a queue
// here.
func (o *outbox) add(ctx context.Context, n notice.Notice) error {
	return o.write(ctx, n.UserID, string(n.Kind), n.Subject, n.Text, n.At)
}

// mail writes one of the site's own, with a link.
func (o *outbox) mail(ctx context.Context, id, subject, text, path string) error {
	return o.write(ctx, id, "recover", subject, text+"\n\n"+o.site+path+"\n", time.Now())
}

func (o *outbox) write(ctx context.Context, id, kind, subject, text string, at time.Time) error {
	to, err := o.users.Email(ctx, id)
	if err != nil {
		return err
	}
	if err := o.root.Mkdir(id, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	mail := fmt.Sprintf("To: %s\nSubject: %s\nDate: %s\nContent-Type: text/plain; charset=utf-8\n\n%s",
		to, mime.QEncoding.Encode("utf-8", subject), at.Format(time.RFC1123Z), text)
	name := at.UTC().Format("2006-01-02 150405.000 ") + kind + " " + rand.Text()[:6] + ".eml"
	return o.root.WriteFile(path.Join(id, name), []byte(mail), 0o600)
}

// list returns the names of a user's e-mails, the latest first.
func (o *outbox) list(userID string) (names []string, err error) {
	files, err := fs.ReadDir(o.root.FS(), userID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, f := range slices.Backward(files) {
		names = append(names, f.Name())
	}
	return names, err
}

var (
	//go:embed outbox.html
	outboxHTML string
	outboxPage = template.Must(template.New("").Parse(outboxHTML))
)

// beside returns the site with the outbox in it.
func (o *outbox) beside(pages http.Handler, mw *middleware.Middleware) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.Handle("GET /outbox", mw.Load(mw.Require(http.HandlerFunc(o.show))))
	return mux
}

// show lists a user's own e-mails, and the one that is asked for.
func (o *outbox) show(w http.ResponseWriter, r *http.Request) {
	me, _ := session.FromContext(r.Context())
	names, err := o.list(me.UserID)
	view := struct {
		Names             []string
		Name, Mail, Nonce string
	}{Names: names, Name: r.URL.Query().Get("mail"), Nonce: rand.Text()}
	if view.Name != "" && err == nil {
		if !slices.Contains(names, view.Name) {
			middleware.Problem(w, r, http.StatusNotFound, nil)
			return
		}
		var mail []byte
		mail, err = o.root.ReadFile(path.Join(me.UserID, view.Name))
		view.Mail = string(mail)
	}
	var page strings.Builder
	if err == nil {
		err = outboxPage.Execute(&page, view)
	}
	if err != nil {
		middleware.Problem(w, r, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+view.Nonce+"'; frame-ancestors 'none'; base-uri 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(page.String()))
}
