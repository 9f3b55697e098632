package immich

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

const (
	// lookEvery is how often a user's list in Immich is held against ours, by a
	// request of theirs, beside each time that they open a page of our own.
	lookEvery = 10 * time.Minute
	// lookOften is the same for what a page of ours asks by itself.
	lookOften = time.Minute
)

// A row is a session as Immich lists it.
type row struct {
	ID         string    `json:"id"`
	Current    bool      `json:"current"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	DeviceType string    `json:"deviceType"`
	DeviceOS   string    `json:"deviceOS"`
}

// errNoList is an answer that does not hold the session that asks: of Immich in
// maintenance, say. Nothing ends by it.
var errNoList = errors.New("immich: the session that asks is not in the list")

// list returns the sessions of the token's user as Immich lists them, by ID, and
// which of them is the token's own.
func (a *asker) list(r *http.Request, token string) (all map[string]row, current string, err error) {
	var rows []row
	if err := a.ask(r, http.MethodGet, "/api/sessions", token, &rows); err != nil {
		return nil, "", err
	}
	all = make(map[string]row, len(rows))
	for _, s := range rows {
		id, err := uuid.Parse(s.ID) // it becomes part of a URL
		if err != nil {
			return nil, "", errNoList
		}
		if s.ID = id.String(); s.Current {
			current = s.ID
		}
		all[s.ID] = s
	}
	if current == "" {
		return nil, "", errNoList
	}
	return all, current, nil
}

// A Comparison is what the latest look at Immich's own list of a user's sessions
// has shown that ours does not.
type Comparison struct {
	At time.Time // of the look; zero if there was none
	// Unseen are sessions that Immich has and that have not come by here since there
	// is this Proxy: by another way, or not at all.
	Unseen []Unseen
	// StillSignedIn counts sessions that were ended here and that Immich still takes
	// for good ones, for who reaches it by another way. It is tried again at each look.
	StillSignedIn int
}

// Unseen is a session as Immich describes it. Both texts may be empty.
type Unseen struct {
	DeviceType, DeviceOS  string
	SignedInAt, UpdatedAt time.Time // the latter is at most an hour old where it is in use
}

// Comparison returns what the latest look for the user of r has shown. A page that
// is behind [Middleware.Require] has just had one.
func (p *Proxy) Comparison(r *http.Request) Comparison {
	s := sessionOf(r, find(r).token)
	if s == nil {
		return Comparison{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.compared[s.UserID]
}

// noteKey is what something is noted under that is not of a session alone.
func noteKey(of string) session.ID { return session.ForeignCredential(of).ID }

// isAccepted is the Accepted of [middleware.Foreign]: before a route of our own,
// Immich is asked whether the token is still good, and what else it lists.
func (p *Proxy) isAccepted(r *http.Request, token string) bool {
	me := sessionOf(r, token)
	if me == nil {
		return true // not by a token of Immich
	}
	if find(r).at == middleware.PlaceQuery {
		return false // of a screen that is cast to, or a widget: what is in a URL, many see
	}
	if !isByItself(r) || p.asker.mayAsk(me.ID, lookOften) {
		p.lookFor(r, me, token)
	}
	return !p.refusing(me.ID)
}

// isByItself reports whether a page sends the request, and nobody has clicked.
func isByItself(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return mode != "" && mode != "navigate" || r.Header.Get("Signedin-Background") != ""
}

// lookFor is look, with its trouble logged.
func (p *Proxy) lookFor(r *http.Request, me *session.Session, token string) *session.Session {
	known, err := p.look(r, me, token)
	if err != nil && !errors.Is(err, errNobodys) && !errors.Is(err, session.ErrNotFound) { // or it has ended with this request
		p.note(r.Context(), &p.stats.unasked, "the list of a user's sessions was not compared", "error", err)
	}
	return known
}

// look holds Immich's list of a user's sessions against ours, by the token of me,
// and returns me with its ID in Immich.
func (p *Proxy) look(r *http.Request, me *session.Session, token string) (*session.Session, error) {
	ctx := r.Context()
	// Ours first: what begins meanwhile is in Immich's only.
	ours, err := p.manager.List(ctx, me.UserID)
	if err != nil {
		return me, err
	}
	theirs, current, err := p.asker.list(r, token)
	if errors.Is(err, errNobodys) {
		p.notAccepted(ctx, me)
	}
	if err != nil {
		return me, err
	}
	p.accepted(me.ID)
	if me.Attrs[AttrID] != current {
		known, err := p.manager.SetAttrs(ctx, me.UserID, me.ID, map[string]string{AttrID: current})
		if err != nil {
			return me, err
		}
		me = known
	}
	at := p.manager.Now()
	delete(theirs, current)
	var nameless []*session.Session // of which it is not known which of theirs they are
	for _, s := range ours {
		id := s.Attrs[AttrID]
		switch _, there := theirs[id]; {
		case s.ID == me.ID:
		case id == "":
			nameless = append(nameless, s)
		case there:
			delete(theirs, id)
		default:
			p.end(r, s, session.ReasonIssuer)
		}
	}
	still, err := p.endThere(r, me, token, theirs)
	if err != nil {
		return me, err
	}
	c := Comparison{At: at, StillSignedIn: still}
	switch {
	case len(theirs) == 0:
		for _, s := range nameless { // each of theirs is another one of ours
			p.end(r, s, session.ReasonIssuer)
		}
	case len(nameless) == 0: // else some of theirs are those
		for _, s := range theirs {
			c.Unseen = append(c.Unseen, Unseen{s.DeviceType, s.DeviceOS, s.CreatedAt, s.UpdatedAt})
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.compared) >= maxNoted {
		clear(p.compared)
	}
	p.compared[me.UserID] = c
	return me, nil
}

// endThere ends in Immich, by a token of the same user, what has ended here and is
// in its list, takes it out of that, and returns how many it could not end.
func (p *Proxy) endThere(r *http.Request, me *session.Session, token string, theirs map[string]row) (still int, _ error) {
	if len(theirs) == 0 {
		return 0, nil
	}
	ended, err := p.manager.History(r.Context(), me.UserID, maxEnded)
	if err != nil {
		return 0, err
	}
	for _, s := range ended {
		id := s.Attrs[AttrID]
		if _, there := theirs[id]; !there {
			continue
		}
		delete(theirs, id)
		if err := gone(p.asker.ask(r, http.MethodDelete, "/api/sessions/"+id, token, nil)); err != nil {
			still++
			p.note(r.Context(), &p.stats.unended, "a session that was ended here was not ended there", "session", s.ID, "error", err)
		}
	}
	return still, nil
}

// notAccepted cuts what is open on a session whose token Immich refuses. That is no
// end of it: a user who was deleted may be restored.
func (p *Proxy) notAccepted(ctx context.Context, s *session.Session) {
	p.asker.mu.Lock()
	p.refused.note(s.ID, p.manager.Now().Add(refusedFor))
	p.asker.mu.Unlock()
	p.manager.Cut(ctx, s.ID)
}

// refusedFor is for how long a refused session is remembered as one where nobody
// asks: longer than lookOften, at which Immich is asked again.
const refusedFor = time.Hour

func (p *Proxy) accepted(id session.ID) {
	p.asker.mu.Lock()
	defer p.asker.mu.Unlock()
	delete(p.refused, id)
}

func (p *Proxy) refusing(id session.ID) bool {
	p.asker.mu.Lock()
	defer p.asker.mu.Unlock()
	return p.refused.has(id, p.manager.Now())
}

// learn returns the session with the ID that Immich has for it: by it, another of
// the user's devices can end the session in Immich too, and its farewell names it.
func (p *Proxy) learn(g *passage) *session.Session {
	s := g.session
	if s.Attrs[AttrID] != "" {
		return s
	}
	p.mu.Lock()
	f, there := p.looking[s.ID]
	if !there {
		f = &lookFlight{done: make(chan struct{}), session: s}
		p.looking[s.ID] = f
	}
	p.mu.Unlock()
	if there {
		select {
		case <-f.done:
			return f.session
		case <-g.in.Context().Done():
			return s
		}
	}
	defer func() { // also if it panics
		p.mu.Lock()
		delete(p.looking, s.ID)
		p.mu.Unlock()
		close(f.done)
	}()
	f.session = p.lookFor(g.in.WithContext(context.WithoutCancel(g.in.Context())), s, g.found.token)
	return f.session
}

// lookFlight is a look that others wait for who want the ID of the same session.
type lookFlight struct {
	done    chan struct{}
	session *session.Session
}

// lookAfter looks after the client has the answer, when it is time for that user: in
// their first request, after a sign-in too. The app does not wait for long, and a new
// session may be ended by another device before its next request.
func (p *Proxy) lookAfter(w http.ResponseWriter, g *passage) {
	of := g
	if g.born != nil {
		of = g.born
	}
	if of.session == nil || g.refusedThere {
		return
	}
	due := p.asker.mayAsk(noteKey("user "+of.session.UserID), lookEvery)
	if due {
		p.accounts.learnFrom(of.session)
	}
	nameless := of.session.Attrs[AttrID] == "" && p.asker.mayAsk(of.session.ID, againAfter)
	if !due && !nameless {
		return
	}
	_ = http.NewResponseController(w).Flush() // if it fails, the client has gone
	h := &passage{in: g.in.WithContext(context.WithoutCancel(g.in.Context())), found: of.found, session: of.session}
	if nameless {
		p.learn(h)
		return
	}
	p.lookFor(h.in, h.session, h.found.token)
}
