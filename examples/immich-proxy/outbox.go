package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"os"
	"path"
	"strings"
	"time"

	"github.com/signedin/signedin/middleware/immich"
	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/notice"
)

// outbox keeps e-mails as files, in a folder a user. A host takes them from there,
// or puts a queue in its place.
type outbox struct {
	root  *os.Root // what is outside of the folder cannot be reached
	store session.Store
}

func newOutbox(dir string, store session.Store) (*outbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("-outbox: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("-outbox: %w", err)
	}
	return &outbox{root, store}, nil
}

// email returns the address that Immich has for a user, as of the latest session
// that is there; "" if none has it.
func (o *outbox) email(ctx context.Context, userID string) (email string) {
	all, err := o.store.List(ctx, session.Query{UserID: userID, State: session.StateLive})
	if err != nil {
		return ""
	}
	for _, s := range all {
		email = cmp.Or(s.Attrs[immich.AttrEmail], email)
	}
	return strings.Join(strings.Fields(email), "")
}

// add writes a file that sorts by its time.
func (o *outbox) add(ctx context.Context, n notice.Notice) error {
	dir := path.Base(path.Clean("/" + n.UserID))
	if err := o.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	mail := fmt.Sprintf("To: %s\nSubject: %s\nDate: %s\nContent-Type: text/plain; charset=utf-8\n\n%s",
		o.email(ctx, n.UserID), mime.QEncoding.Encode("utf-8", n.Subject), n.At.Format(time.RFC1123Z), n.Text)
	name := n.At.UTC().Format("2006-01-02 150405.000 ") + string(n.Kind) + " " + rand.Text()[:6] + ".eml"
	return o.root.WriteFile(path.Join(dir, name), []byte(mail), 0o600)
}
