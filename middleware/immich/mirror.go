package immich

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/signedin/signedin/device"
	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// route is the method and path of a request, as Immich's router takes them:
// upper and lower case are the same, and so is a slash at the end.
func route(r *http.Request) string {
	return r.Method + " " + strings.ToLower(strings.TrimSuffix(r.URL.Path, "/"))
}

const (
	deleteAll = "DELETE /api/sessions"
	deleteOne = deleteAll + "/"
)

// isBirth reports whether the answer may tell of a new session.
func isBirth(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	switch route(r) {
	case signIn, "POST /api/oauth/callback", "POST /api/sessions":
		return true
	}
	return false
}

// answered looks at what Immich has answered, and passes it on.
func (p *Proxy) answered(res *http.Response) error {
	g := passageOf(res.Request.Context())
	p.wrongPassword(g, res)
	switch status := res.StatusCode; {
	case status == http.StatusSwitchingProtocols:
		p.upgraded(g, res)
	case status == http.StatusCreated && isBirth(g.in):
		p.born(g, res)
	case status == http.StatusUnauthorized && g.session != nil:
		g.refusedThere = true
		p.refusedByImmich(g)
	case status == http.StatusOK && p.wantsMessage(g.in):
		p.addMessage(g.in, res)
	case status/100 == 2 && g.in.Method != http.MethodGet:
		p.mirror(g)
	}
	if res.StatusCode != http.StatusSwitchingProtocols && errors.Is(context.Cause(g.in.Context()), session.ErrRefused) {
		res.Header.Set("Connection", "close") // it was cut meanwhile, and nothing else may come by it
	}
	return nil
}

// mirror ends here what Immich has ended.
func (p *Proxy) mirror(g *passage) {
	at, s := route(g.in), g.session
	switch {
	case at == "POST /api/oauth/backchannel-logout": // whose, it does not say
		p.somebodys(g)
	case strings.Contains(at, " "+adminUsers):
		p.administered(g, at)
	case s == nil:
		p.mirrorKey(g, at)
	case at == "POST /api/auth/logout":
		p.end(g.in, s, session.ReasonSignedOut)
	case at == "POST /api/auth/change-password":
		_, err := p.manager.Reauthenticated(g.in.Context(), s.UserID, s.ID, session.Proof{Methods: []string{"pwd"}, RevokeOthers: session.ReasonPasswordChanged})
		p.notMirrored(g.in.Context(), s.UserID, err)
	case g.newPassword:
		p.passwordChanged(g, s.UserID)
	case at == deleteAll:
		_, err := p.manager.RevokeAllExcept(g.in.Context(), s.UserID, s.ID, session.ReasonSignedOutOthers)
		p.notMirrored(g.in.Context(), s.UserID, err)
	case strings.HasPrefix(at, deleteOne):
		p.deleted(g, s.UserID, at[len(deleteOne):], session.ReasonSignedOutRemote)
	}
}

// mirrorKey does so where an API key has ended them, whose user Immich is asked for.
// What a key ends leaves none out.
func (p *Proxy) mirrorKey(g *passage, at string) {
	one := strings.HasPrefix(at, deleteOne)
	if !one && !g.newPassword && at != deleteAll && at != "POST /api/auth/change-password" {
		return
	}
	who, err := p.asker.whoByKey(g.in)
	switch {
	case err != nil: // a key need not have the right to ask
		p.somebodys(g)
	case one:
		p.deleted(g, who.ID, at[len(deleteOne):], session.ReasonIssuer)
	case g.newPassword:
		p.passwordChanged(g, who.ID)
	default:
		why := session.ReasonIssuer
		if at != deleteAll {
			why = session.ReasonPasswordChanged
		}
		_, err := p.manager.RevokeAll(g.in.Context(), who.ID, why)
		p.notMirrored(g.in.Context(), who.ID, err)
	}
}

// somebodys is for what has ended sessions of nobody knows whom: what has a socket
// open is asked about now, and all else at the next request of each user.
func (p *Proxy) somebodys(g *passage) {
	p.asker.askAnew()
	p.recheckNow(g, func(*session.Session) bool { return true })
}

// deleted ends the session that Immich has deleted under an ID of its own. If
// it is not known which that is, it is one of the user's others.
func (p *Proxy) deleted(g *passage, userID, id string, why session.Reason) {
	all, err := p.manager.List(g.in.Context(), userID)
	if err != nil {
		p.notMirrored(g.in.Context(), userID, err)
		return
	}
	for _, s := range all {
		if s.Attrs[AttrID] == id {
			p.end(g.in, s, why)
			return
		}
	}
	if g.session == nil { // the key may be an administrator's
		p.somebodys(g)
		return
	}
	p.recheckNow(g, func(s *session.Session) bool { return s.UserID == userID })
}

// Recheck asks Immich about every session that has a WebSocket open here, cuts what
// it does not accept any more, and ends what it does not list. What was revoked past
// this Proxy keeps its socket until then, since Immich closes none; all else ends at
// the user's next request. It is for a host that wants it sooner, to be called from
// time to time.
func (p *Proxy) Recheck(ctx context.Context) {
	p.recheck(ctx, func(*session.Session) bool { return true })
}

// recheckNow is for the answer of g, which waits for it.
func (p *Proxy) recheckNow(g *passage, which func(*session.Session) bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(g.in.Context()), askTimeout)
	defer cancel()
	p.recheck(ctx, which)
}

// recheck asks in turns of a few.
func (p *Proxy) recheck(ctx context.Context, which func(*session.Session) bool) {
	seen := make(map[session.ID]bool)
	turns := make(chan struct{}, maxAsking)
	var asking sync.WaitGroup
	for _, open := range p.opened() {
		s := open.session
		if !which(s) || seen[s.ID] {
			continue
		}
		seen[s.ID] = true
		turns <- struct{}{}
		asking.Go(func() {
			p.lookFor(open.in.WithContext(ctx), s, open.found.token)
			<-turns
		})
	}
	asking.Wait()
}

// born adopts the session of which an answer tells, before the client knows its
// token. If that fails, the client signs in all the same, and its session is
// adopted when it is first used.
func (p *Proxy) born(g *passage, res *http.Response) {
	ctx := g.in.Context()
	b, err := readBirth(res)
	if err == nil {
		p.accounts.learn(b.Email, b.UserID, true)
		from, f := p.mw.Origin(g.in), session.Adoption{UserID: b.UserID, SignedIn: true, Persistent: true,
			IdleTimeout: p.cfg.IdleTimeout, Methods: methodsOf(g.in), Attrs: map[string]string{AttrEmail: b.Email}}
		if b.isChild() {
			if g.session == nil {
				return // whose it is will be asked
			}
			from.Hints = device.Hints{} // the client made it for another device
			f = session.Adoption{UserID: g.session.UserID, Parent: g.session.ID, ExpiresAt: b.ExpiresAt,
				Name: childName(b), Attrs: map[string]string{AttrID: b.SessionID}}
		}
		var s *session.Session
		if s, err = p.manager.Adopt(ctx, session.ForeignCredential(b.Token), from, f); err == nil && !b.isChild() {
			g.born = &passage{found: credential{token: b.Token}, session: s}
		}
	}
	if err != nil {
		p.cfg.Logger.WarnContext(ctx, "immich: a sign-in was not noted, and will be when it is used", "error", err)
	}
}

func methodsOf(r *http.Request) []string {
	if route(r) == signIn {
		return []string{"pwd"}
	}
	return nil
}

// childName is how the client names the screen that it casts to.
func childName(b birth) string {
	name := b.DeviceOS
	if name == "" {
		name = b.DeviceType
	}
	return showable(name)
}

// upgraded has a WebSocket end with a farewell when its session ends.
func (p *Proxy) upgraded(g *passage, res *http.Response) {
	if g.session == nil || g.open == nil { // or nobody asked for it, which ReverseProxy refuses
		return
	}
	sock := wrapSocket(res)
	if sock == nil {
		return
	}
	sock.spoke = p.visits(g)
	p.mu.Lock()
	p.sockets[g] = struct{}{}
	p.mu.Unlock()
	id := g.session.Attrs[AttrID]
	if id == "" {
		id = g.session.ID.String() // Immich has not said; the client only looks at the event
	}
	middleware.LastWords(g.in.Context(), func(error) { <-sock.farewell(id) })
	// From here on the farewell ends it. If the session ends before this line,
	// its context does too.
	g.open()
}

// visits returns what notes that the client of a WebSocket has said something: a tab
// that is in use sends no other request for a long time.
func (p *Proxy) visits(g *passage) func() {
	var last time.Time
	from := p.mw.Origin(g.in)
	return func() {
		if now := p.manager.Now(); now.Sub(last) >= time.Minute {
			last = now
			go func() { // a store that is slow holds up no socket
				// However it answers, the socket is not judged by it.
				_, _ = p.manager.Resume(context.WithoutCancel(g.in.Context()), session.ForeignCredential(g.found.token), from)
			}()
		}
	}
}

func (p *Proxy) leave(g *passage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sockets, g)
}

func (p *Proxy) opened() (all []*passage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for g := range p.sockets {
		all = append(all, g)
	}
	return all
}
