package middleware

import (
	"net/http"
	"strings"

	"github.com/signedin/signedin/session"
)

// A session's cookie has another name after each sign-in and each rotation for
// safety: the configured one, or that with a random end. An answer that is late
// then overwrites nothing newer, and takes nothing newer away, since no name is
// used again.

const (
	endLen   = 5 // of such an end: a dot and four letters or digits
	endAlpha = "abcdefghijklmnopqrstuvwxyz234567"

	// maxShown is how many cookies of ours a request may show. A browser has one,
	// and for a while those before it.
	maxShown = 8
)

// shown are the cookies of ours that a request shows.
type shown struct {
	all   [maxShown]shownCookie
	n     int
	twice bool // a name came twice, or there were too many: somebody else set them
}

type shownCookie struct {
	end   string // of the name
	value string
	twice bool // there is another of that name, so neither counts
}

// list returns the cookies.
func (s *shown) list() []shownCookie { return s.all[:s.n] }

// find returns the cookies of ours in a request, without allocating.
func (c *cookie) find(r *http.Request) (s shown) {
	name := c.attributes.Name
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var part string
			if part, line = cutCookie(line); len(part) <= len(name) || part[:len(name)] != name {
				continue
			}
			end, value, ok := strings.Cut(part[len(name):], "=")
			if ok && isEnd(end) {
				s.add(end, value)
			}
		}
	}
	return s
}

func (s *shown) add(end, value string) {
	for i := range s.list() {
		if s.all[i].end == end {
			s.all[i].twice, s.twice = true, true
			if s.n < maxShown {
				s.all[s.n] = shownCookie{s.all[i].end, value, true}
				s.n++
			}
			return
		}
	}
	if s.n == maxShown {
		s.twice = true
		return
	}
	s.all[s.n] = shownCookie{end: end, value: value}
	s.n++
}

// isEnd reports whether a name of ours may have that end.
func isEnd(end string) bool {
	if end == "" {
		return true
	}
	if len(end) != endLen || end[0] != '.' {
		return false
	}
	for _, c := range []byte(end[1:]) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') { // endAlpha
			return false
		}
	}
	return true
}

// choice is which cookie of a request decides.
type choice struct {
	shown
	end  string             // of the one that decides
	cred session.Credential // what it proves, zero if nothing
	dead [maxShown]bool     // which of the others are of no use for ever

	outdated bool // sealed with a key that is to be dropped
}

// choose finds the cookie that decides. Of several, that is the live one: a store
// is asked only then, and only about those of which it is not known yet that they
// are dead. The error is trouble with the store.
func (m *Middleware) choose(r *http.Request) (c choice, err error) {
	c.shown = m.cookie.find(r)
	if c.n == 0 {
		return c, nil
	}
	if c.twice {
		m.tossed(r, &c.shown)
	}
	good, last := 0, 0
	var creds [maxShown]session.Credential
	var outdated [maxShown]bool
	for i, k := range c.list() {
		if k.twice {
			continue
		}
		o := m.openedBy(r, k.value)
		if creds[i] = o.cred; !o.cred.Hash.IsZero() {
			good++
			last = i
			outdated[i] = o.outdated
		}
	}
	if good > 1 {
		if last, err = m.live(r, &c, &creds); err != nil || last < 0 {
			return c, err
		}
	}
	c.end, c.cred, c.outdated = c.all[last].end, creds[last], outdated[last]
	return c, nil
}

// live returns which of several cookies is of a live session, or else one that
// may have something to say; -1 if two are of different users.
func (m *Middleware) live(r *http.Request, c *choice, creds *[maxShown]session.Credential) (best int, err error) {
	var of *session.Session
	rank := session.Standing(0)
	best = -1
	for i := range c.list() {
		if creds[i].Hash.IsZero() {
			continue
		}
		standing, dead := m.dead.get(creds[i].Hash)
		var s *session.Session
		if !dead {
			if standing, s, err = m.manager.Standing(r.Context(), creds[i]); err != nil {
				return -1, err
			}
			dead = standing == session.StandingOver || standing == session.StandingReplaced
			if dead {
				m.dead.put(creds[i].Hash, standing)
			}
		}
		c.dead[i] = dead
		switch {
		case standing == session.StandingLive && rank == session.StandingLive && s.UserID != of.UserID:
			m.tossedOnce(r, []session.ID{creds[i].ID, creds[best].ID})
			return -1, nil
		case standing == session.StandingLive && rank == session.StandingLive && !s.First.At.After(of.First.At):
		case best < 0 || standing >= rank:
			best, rank, of = i, standing, s
		}
	}
	for i := range c.list() { // a secret of the live session, and no good one
		if rank == session.StandingLive && i != best && creds[i].ID == creds[best].ID {
			c.dead[i] = true
		}
	}
	return best, nil
}
