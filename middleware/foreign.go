package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/signedin/signedin/session"
)

// Foreign has a [Middleware] watch the sessions of an application that issues
// its tokens itself, instead of our own. Of a token nothing is stored but its
// hash.
//
// [Middleware.Load] goes around every route, and only watches: requests go on with
// or without a session, the answers are not touched, and whether a request comes
// from another origin is the application's to judge, as everything else is. But a
// token whose session was ended here does not reach the application, which may
// know nothing of that, or put a new token in its place: see Ended.
// [Middleware.Require] is for routes of our own, such as the "Device activity"
// page, and does judge the origin.
//
// An application that puts new tokens in the place of old ones says so by
// session.Manager.Renewed, unless its Extractor returns a name that stays. Its own
// sign-out calls [Middleware.SignOut] too.
type Foreign struct {
	// Whose is for an application that finds its session itself, before Load: it
	// tells what names that, and whose it is. The name is no secret that others may
	// see, and stays as long as the session does, best of all: the ID of its row.
	// Both are "" where nobody is signed in. Where it tells another name after a
	// handler than before, the session goes on under that. Defaults to Extractors and
	// Adopt, which it stands for.
	Whose func(r *http.Request) (name, userID string)

	// Extractors are the places of a token, the first one first. The first that
	// is present decides: a bad token there is not made up for by a good one
	// elsewhere.
	Extractors []Extractor

	// Adopt says whose a token is that was not seen before: by asking the
	// application, or by verifying it. After an error the request goes on without
	// a session, and the next one asks again: whoever asks the application should
	// remember for a while that a token is nobody's. Defaults to nil: sessions are
	// only those that the host starts by session.Manager.Adopt.
	Adopt func(r *http.Request, token string) (session.Adoption, error)

	// Accepted, if set, says before each route of our own ([Middleware.Require]) whether
	// the application still accepts the token: it may have ended the session, or paused
	// its user, without our hearing of it. If not, the answer is 401. Whoever cannot
	// tell says true. Defaults to nil: all that has not ended here is accepted.
	Accepted func(r *http.Request, token string) bool

	// Ended answers a request whose session was ended, or paused, here, or whose
	// token cannot be read: by ending the application's own session, and sending
	// the user to sign in. err is [session.ErrRevoked] and the like. Defaults to 401
	// by Config.Refuse, which leaves the browser its cookie: with a sign-in page
	// behind Load it gets no further.
	Ended func(w http.ResponseWriter, r *http.Request, err error)

	// InsecurePassEnded lets those requests go on, for an application that asks
	// [Middleware.LoadError] on each of its routes. Where it does not, who was signed
	// out is still in. Defaults to false.
	InsecurePassEnded bool

	// InsecurePassOnTrouble lets requests go on without a session when the store
	// fails. The application stays up, and for so long a revoked token is good
	// again, as far as its issuer is concerned. Defaults to false: the answer is
	// 503.
	InsecurePassOnTrouble bool
}

// A Place is a part of a request.
type Place string

// The places of a token. In a cookie it comes along by itself, whoever made the
// browser send the request.
const (
	PlaceNone   Place = "" // the token is not there
	PlaceHeader Place = "header"
	PlaceQuery  Place = "query"
	PlaceCookie Place = "cookie"
)

// An Extractor looks for a token in a request. What it finds is present if the
// place is not PlaceNone; a token that is present and of no use is "".
//
// Those of this package find no use in a token with space or quotes, which others
// may read without.
//
// The text that it returns is what names the session, so it must have one
// spelling: a token that the application takes in a second one is a new session,
// whatever became of the first. A JWT has several, since of the last character of
// its signature some bits do not count: return what stays of it, such as its jti
// or sid, once the Extractor has verified it.
type Extractor func(r *http.Request) (token string, at Place)

// Header returns an Extractor for a header whose whole value is the token. Of
// two such headers, neither is of use.
func Header(name string) Extractor {
	name = http.CanonicalHeaderKey(name)
	return func(r *http.Request) (string, Place) {
		v := r.Header[name]
		return only(strings.Join(v, ""), len(v), PlaceHeader)
	}
}

// Bearer is the Extractor for "Authorization: Bearer" (RFC 6750).
func Bearer(r *http.Request) (string, Place) {
	lines := r.Header["Authorization"]
	if token, present := bearer(lines); present {
		return only(token, len(lines), PlaceHeader)
	}
	for _, line := range lines {
		if words := strings.FieldsFunc(line, isOdd); len(words) > 0 && strings.EqualFold(words[0], "Bearer") {
			return "", PlaceHeader
		}
	}
	return "", PlaceNone
}

// Query returns an Extractor for a parameter of the URL. Of two of that name,
// neither is of use.
func Query(name string) Extractor {
	return func(r *http.Request) (string, Place) {
		token, found := "", 0
		// Not by net/url, which reads nothing of a query that it finds too long.
		for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
			key, value, _ := strings.Cut(part, "=")
			plain, bad := url.QueryUnescape(key)
			text, worse := url.QueryUnescape(value)
			switch {
			case bad != nil || worse != nil || strings.ContainsAny(part, ";#"):
				if strings.Contains(part+plain, name) { // which others may read
					found += 2
				}
			case plain == name:
				token = text
				found++
			}
		}
		return only(token, found, PlaceQuery)
	}
}

// Cookie returns an Extractor for a cookie. Of two of that name, neither is of
// use.
func Cookie(name string) Extractor {
	return func(r *http.Request) (string, Place) {
		token, found := "", 0
		for _, line := range r.Header["Cookie"] {
			for part := range strings.SplitSeq(line, ";") {
				key, value, ok := strings.Cut(strings.Trim(part, " \t"), "=")
				switch {
				case ok && key == name:
					token = value
					found++
				case ok && strings.TrimFunc(key, isOdd) == name:
					found += 2
				}
			}
		}
		return only(token, found, PlaceCookie)
	}
}

// only returns the one token that was found. Of several, and of what programs
// read differently, another one may be the application's.
func only(token string, found int, at Place) (string, Place) {
	switch {
	case found == 0:
		return "", PlaceNone
	case found > 1 || strings.ContainsFunc(token, isOdd):
		return "", at
	}
	return token, at
}

// isOdd reports what no cookie may hold (RFC 6265, 4.1.1): some trim it, or cut
// there, or read what it quotes.
func isOdd(c rune) bool {
	return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"#,;\\", c)
}

// maxForeign bounds a foreign token before any work is done on it.
const maxForeign = 8 << 10

// token returns the token that decides.
func (f *Foreign) token(r *http.Request) (string, Place) {
	for _, e := range f.Extractors {
		if token, at := e(r); at != PlaceNone {
			if len(token) > maxForeign {
				token = ""
			}
			return token, at
		}
	}
	return "", PlaceNone
}

// loadForeign is Load for a token that another system issued.
func (m *Middleware) loadForeign(w http.ResponseWriter, r *http.Request, next http.Handler) {
	token, at := m.cfg.Foreign.token(r)
	if token == "" {
		if at != PlaceNone { // shown twice, say: the application may well read one of them
			m.endedForeign(w, m.refused(r, session.ErrMalformed), next)
			return
		}
		next.ServeHTTP(w, r)
		return
	}
	w, r = guardShared(w, r)
	conn, err := m.openForeign(w, r, session.ForeignCredential(token), token, at)
	switch {
	case err == nil:
		m.serve(conn, w, r, r.WithContext(conn), m.settling(conn.Session(), token, next))
		return
	case errors.Is(err, session.ErrRefused):
		m.noteRefused(r, session.CarrierForeign, err)
		m.endedForeign(w, m.refused(r, err), next)
		return
	case !m.cfg.Foreign.InsecurePassOnTrouble:
		m.refuse(w, r, http.StatusServiceUnavailable, err)
		return
	}
	next.ServeHTTP(w, r)
}

// endedForeign answers a request whose token has no session, unless the
// application may know whose it is.
func (m *Middleware) endedForeign(w http.ResponseWriter, r *http.Request, next http.Handler) {
	f, err := m.cfg.Foreign, m.LoadError(r)
	switch {
	case errors.Is(err, session.ErrUnknown), f.InsecurePassEnded:
		next.ServeHTTP(w, r)
	case f.Ended != nil:
		f.Ended(w, r, err)
	default:
		m.challenge(w, r, "", signInAgain(err))
	}
}

// openForeign opens the session of a foreign token, and adopts it if it is not
// known.
func (m *Middleware) openForeign(w http.ResponseWriter, r *http.Request, c session.Credential, token string, at Place) (*session.Conn, error) {
	from := m.Origin(r)
	conn, err := m.enter(r, w, c, from)
	if !errors.Is(err, session.ErrUnknown) || m.cfg.Foreign.Adopt == nil {
		return conn, err
	}
	f, adoptErr := m.cfg.Foreign.Adopt(r, token)
	if adoptErr != nil {
		return nil, err // not known, and it stays so
	}
	if _, adoptErr = m.adopt(w, r, c, at, f); adoptErr != nil {
		if errors.Is(adoptErr, session.ErrRefused) {
			return nil, adoptErr
		}
		// Nobody has ended it, so the request may pass; the next one tries again.
		return nil, err
	}
	return m.enter(r, w, c, from)
}

// LoadError returns why the credential of a request that [Middleware.Load] has
// seen has no session, nil if it has one or there is no credential.
// [session.ErrUnknown] is a token that another system may know;
// [session.ErrMalformed] is one that is there and that we cannot read, such as
// one that is shown twice, of which another system may read what was revoked.
//
// Of a session that was ended it is a [*session.EndedError], which says why: "password
// changed", "signed in elsewhere". It says so still for a minute after its cookie was
// taken away, on the page to which the client was sent to sign in, say.
func (m *Middleware) LoadError(r *http.Request) error {
	if err := m.loadError(r); err != nil {
		return err
	}
	if m.loaded(r) != nil {
		return nil
	}
	return m.cookie.whyEnded(r)
}

func (m *Middleware) loadError(r *http.Request) error {
	err, _ := r.Context().Value(loadedKey{m}).(error)
	return err
}

// guardForeign refuses what another origin may have sent to a route of our own.
func (m *Middleware) guardForeign(r *http.Request) error {
	if m.cfg.Foreign == nil {
		return nil
	}
	if _, at := m.cfg.Foreign.token(r); at != PlaceCookie {
		return nil
	}
	return m.sameOrigin(r, isUpgrade(r))
}

// accepts reports whether the application of a foreign token accepts it.
func (m *Middleware) accepts(r *http.Request) bool {
	f := m.cfg.Foreign
	if f == nil || f.Accepted == nil {
		return true
	}
	token, _ := f.token(r)
	return f.Accepted(r, token)
}

func checkForeign(cfg Config) error {
	f := cfg.Foreign
	switch {
	case f == nil:
		return nil
	case f.Whose != nil && (f.Extractors != nil || f.Adopt != nil):
		return errors.New("middleware: Config.Foreign: Whose stands for Extractors and Adopt")
	case f.Whose != nil:
		f = f.byWhose()
	}
	switch {
	case len(f.Extractors) == 0:
		return errors.New("middleware: Config.Foreign.Extractors: none")
	case cfg.CookieName != "" || cfg.TokenHeaders != nil:
		return errors.New("middleware: Config.Foreign: has no session cookie and no token headers of ours; CookieKeys are for the device cookie")
	}
	for i, e := range f.Extractors {
		if e == nil {
			return fmt.Errorf("middleware: Config.Foreign.Extractors[%d]: nil", i)
		}
	}
	return nil
}
