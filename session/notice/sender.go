package notice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/session/locale"
)

// Config is what the texts say of the site. The zero Config works.
type Config struct {
	// App is the name of the site or app. Defaults to "your account".
	App string
	// Path says how a person gets to the list of devices inside the app, in
	// words: "Settings → Security → Sessions". Defaults to "the list of your
	// devices".
	Path string
	// URL is the page of that list, which asks for a sign-in. It is the only
	// link there is. Defaults to none.
	URL string
	// Account returns what a user calls the account, such as the e-mail address:
	// who has several, or shares a mailbox, asks which one it is about. It is
	// shown as it is. Defaults to the user ID without what could be a link, unless
	// that is a UUID or a number.
	Account func(ctx context.Context, userID string) string
	// Zone returns the time zone of a user; nil is not known. Defaults to that of
	// the place that is told of, or the chief one of its country, else UTC. It is
	// always named.
	Zone func(ctx context.Context, userID string) *time.Location
	// Language returns how to speak to a user. The package
	// session/locale/catalog has languages. Defaults to English.
	Language func(ctx context.Context, userID string) *locale.Locale
	// Logger is told of notices that could not be handed over. Defaults to
	// discarding.
	Logger *slog.Logger
}

// A Sender writes notices of what happens and hands them over to be sent.
type Sender struct {
	store                       session.Store
	send                        sendFunc
	cfg                         Config
	sent, failed, held, watched atomic.Int64
}

var _ session.Observer = (*Sender)(nil)

// New returns a Sender that reads in store, the Manager's own, what it has told
// already. It calls send while a sign-in waits, so send should queue. The error
// names the field of cfg that cannot be used.
func New(store session.Store, send func(context.Context, Notice) error, cfg Config) (*Sender, error) {
	if store == nil || send == nil {
		return nil, errors.New("notice: no Store or nothing that sends")
	}
	for name, s := range map[string]string{"App": cfg.App, "Path": cfg.Path} {
		if strings.ContainsFunc(s, unicode.IsControl) {
			return nil, fmt.Errorf("notice: Config.%s: %q is not one line", name, s)
		}
	}
	if u, err := url.Parse(cfg.URL); cfg.URL != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil) {
		return nil, fmt.Errorf("notice: Config.URL: %q is not the whole address of a page", cfg.URL)
	}
	if cfg.Zone == nil {
		cfg.Zone = func(context.Context, string) *time.Location { return nil }
	}
	if cfg.Account == nil {
		cfg.Account = func(_ context.Context, userID string) string { return harmless(readable(userID)) }
	}
	if cfg.Language == nil {
		cfg.Language = func(context.Context, string) *locale.Locale { return nil }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Sender{store: store, send: send, cfg: cfg}, nil
}

// Stats returns the counts since New.
func (n *Sender) Stats() Stats {
	return Stats{Sent: n.sent.Load(), Failed: n.failed.Load(), Held: n.held.Load(), Watched: n.watched.Load()}
}

// timeout bounds what a sign-in waits for, which goes on when its client has
// gone away.
const timeout = 5 * time.Second

// Observe implements [session.Observer].
func (n *Sender) Observe(ctx context.Context, e session.Event) {
	if !isTold(&e) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	m, ok := n.write(ctx, &e)
	switch {
	case !ok:
		n.held.Add(1)
	case isWatched(&e):
		n.watched.Add(1)
	default:
		n.handOver(ctx, m)
	}
}

// isWatched reports whether a site in watch mode tells nobody of e: of what may be
// a copied cookie it does.
func isWatched(e *session.Event) bool {
	if !e.Watched || e.Verdict == nil || e.Verdict.Level >= session.LevelHigh {
		return false
	}
	return e.Kind == session.EventStarted || e.Kind == session.EventMoved && !slices.ContainsFunc(e.Verdict.Signals, func(x session.Signal) bool {
		return strings.HasPrefix(x.Code, "device.")
	})
}

// isTold reports whether there is anything to tell of e.
func isTold(e *session.Event) bool {
	if e.Session != nil && e.Session.Support() != "" {
		return false // the user sees it in the list
	}
	switch e.Kind {
	case session.EventStarted:
		return e.Session != nil && e.Verdict != nil && e.Verdict.Level >= session.LevelNotice
	case session.EventMoved:
		return e.Session != nil && e.Visit != nil && e.Verdict != nil && e.Verdict.Level >= session.LevelAlert
	case session.EventReused, session.EventCopied:
		return e.Session != nil && e.Visit != nil && e.Verdict != nil
	case session.EventDenied:
		return e.Session != nil
	case session.EventRevoked:
		return e.UserID != "" && e.Ending != nil && e.Ending.Reason == session.ReasonPasswordChanged
	}
	return false
}

// write returns the notice of e; ok is false if it is to be kept back.
func (n *Sender) write(ctx context.Context, e *session.Event) (m Notice, ok bool) {
	kind := kindOf(e)
	past, err := n.past(ctx, e)
	if err != nil { // better told twice than not at all
		n.cfg.Logger.WarnContext(ctx, "notice: what was told is not known, told again", "user", e.UserID, "error", err)
	}
	if kind != KindPasswordChanged && kind != KindDenied {
		switch past.judge(occasionOf(e)) {
		case tellMore:
			kind = KindMore
		case tellNothing:
			return Notice{}, false
		}
	}
	w := n.writer(ctx, e.UserID)
	m = Notice{
		UserID: e.UserID, Kind: kind, Class: classOf(kind, e), At: e.At,
		Lang: w.in.Lang(),
	}
	if e.Session != nil && kind != KindMore {
		m.SessionID = e.Session.ID
	}
	if v := e.Verdict; v != nil && kind != KindMore {
		m.Level = v.Level
		for _, s := range v.Signals {
			m.Reasons = append(m.Reasons, s.Code)
		}
	}
	m.ID = string(kind) + " " + e.UserID + " " + m.SessionID.String() + " " + e.At.UTC().Format(time.RFC3339Nano)
	w.fill(&m, e, past)
	return m, true
}

func kindOf(e *session.Event) Kind {
	switch {
	case e.Kind == session.EventMoved:
		return KindMove
	case e.Kind == session.EventReused:
		return KindReused
	case e.Kind == session.EventCopied:
		return KindCopied
	case e.Kind == session.EventRevoked:
		return KindPasswordChanged
	case e.Kind == session.EventDenied:
		return KindDenied
	case e.Verdict.Level >= session.LevelAlert:
		return KindAlert
	}
	return KindSignIn
}

func classOf(k Kind, e *session.Event) Class {
	if k == KindSignIn || k == KindMore && e.Verdict.Level < session.LevelAlert {
		return ClassNotice
	}
	return ClassAlert
}

func (n *Sender) handOver(ctx context.Context, m Notice) {
	if err := n.send(ctx, m); err != nil {
		n.failed.Add(1)
		n.cfg.Logger.ErrorContext(ctx, "notice: not handed over", "user", m.UserID, "kind", m.Kind, "session", m.SessionID, "error", err)
		return
	}
	n.sent.Add(1)
}

// writer returns who writes to a user.
func (n *Sender) writer(ctx context.Context, userID string) *writer {
	w := &writer{
		in: n.cfg.Language(ctx, userID), zone: n.cfg.Zone(ctx, userID), url: n.cfg.URL,
		account: fixed(n.cfg.Account(ctx, userID)),
	}
	w.app, w.path = fixed(cmp.Or(n.cfg.App, w.say("app"))), fixed(cmp.Or(n.cfg.Path, w.say("path")))
	return w
}

// readable returns an ID that says something to its owner, else nothing.
func readable(userID string) string {
	if uuid.Validate(userID) == nil || strings.Trim(userID, "0123456789") == "" {
		return ""
	}
	return userID
}
