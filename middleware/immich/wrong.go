package immich

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/signedin/signedin/session"
)

// A WrongPassword is one that Immich did not take.
type WrongPassword struct {
	UserID string     // Immich's; "" if nobody with that address has come by since there is the Proxy
	IP     netip.Addr // of the client; not valid if it is not known
	At     time.Time
}

const signIn = "POST /api/auth/login"

// wrongPassword tells the host if the answer says that a password was wrong.
func (p *Proxy) wrongPassword(g *passage, res *http.Response) {
	if p.cfg.WrongPassword == nil {
		return
	}
	var userID string
	switch at := route(g.in); {
	case res.StatusCode == http.StatusUnauthorized && at == signIn:
		userID = p.accounts.userOf(g.email)
	case res.StatusCode == http.StatusBadRequest && g.session != nil && asksPassword(at) && saysWrongPassword(res):
		userID = g.session.UserID
	default:
		return
	}
	ip, exact := p.cfg.ClientIP(g.in)
	if !exact {
		ip = netip.Addr{}
	}
	p.cfg.WrongPassword(WrongPassword{userID, ip, p.manager.Now()})
}

// asksPassword reports whether a route for who is signed in wants the password again.
func asksPassword(at string) bool {
	return at == "POST /api/auth/change-password" || strings.HasSuffix(at, " /api/auth/pin-code")
}

func saysWrongPassword(res *http.Response) bool {
	head, err := peek(res, maxBirth)
	var said struct{ Message any } // a list, where the request was of a wrong shape
	return err == nil && json.Unmarshal(head, &said) == nil && said.Message == "Wrong password"
}

// readAhead returns the body of r, which can be read again, and whether that is all and
// nothing in it is compressed.
func readAhead(r *http.Request) (head []byte, all bool) {
	head, err := io.ReadAll(io.LimitReader(r.Body, maxChange+1))
	rest := io.Reader(r.Body)
	if err != nil {
		rest = failing{err}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), r.Body}
	return head, err == nil && len(head) <= maxChange && r.Header.Get("Content-Encoding") == ""
}

// emailOf returns the address in a sign-in, as Immich reads it, of whose body it reads
// ahead; "" if there is none, or it cannot be read.
func emailOf(r *http.Request) string {
	head, all := readAhead(r)
	if !all {
		return ""
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		form, _ := url.ParseQuery(string(head)) // as much of it as can be read
		return form.Get("email")
	}
	var fields map[string]any // the names to the letter
	_ = json.Unmarshal(head, &fields)
	email, _ := fields["email"].(string)
	return email
}

// maxAccounts bounds the addresses that are known: some 6 MB. Only a sign-in that Immich
// has taken adds one.
const maxAccounts = 1 << 16

// accounts knows whose addresses are, by their hashes: of those who have come by since
// there is the Proxy.
type accounts struct {
	seed  maphash.Seed
	mu    sync.Mutex
	users map[uint64]string
}

// learn notes whose an address is. What is not news has been said of another time, and
// changes nothing that is known.
func (a *accounts) learn(email, userID string, news bool) {
	if email == "" || userID == "" {
		return
	}
	key := a.key(email)
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, there := a.users[key]; there && !news {
		return
	}
	if len(a.users) >= maxAccounts {
		for old := range a.users { // any: it is learnt again
			delete(a.users, old)
			break
		}
	}
	a.users[key] = userID
}

// learnFrom has it known whose session it is, after a restart.
func (a *accounts) learnFrom(s *session.Session) { a.learn(s.Attrs[AttrEmail], s.UserID, false) }

func (a *accounts) userOf(email string) string {
	key := a.key(email)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.users[key]
}

func (a *accounts) key(email string) uint64 { return maphash.String(a.seed, strings.ToLower(email)) }
