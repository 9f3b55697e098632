package activity

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"sync"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

const (
	// maxStreams is how many open pages of one user are told of changes at once.
	maxStreams = 4
	// lookAgain is how often an open page is compared with what is stored, for
	// what no [session.Subscription] hears of.
	lookAgain = 10 * time.Second
	// lookAtMost is how often it is at most, however often something is said to have
	// changed: anybody who can send messages can say so.
	lookAtMost = time.Second
)

// streams counts the open pages of each user.
type streams struct {
	mu sync.Mutex
	n  map[string]int
}

func (s *streams) enter(userID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n[userID] >= maxStreams {
		return false
	}
	if s.n == nil {
		s.n = make(map[string]int)
	}
	s.n[userID]++
	return true
}

func (s *streams) leave(userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n[userID]--; s.n[userID] == 0 {
		delete(s.n, userID)
	}
}

// events tells an open page when to load anew, and nothing else: a session that
// is in doubt learns from it no more than that something has changed.
func (h *Handler) events(w http.ResponseWriter, r *http.Request) {
	me, rc := own(r), http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close") // or, when the session ends, it would break off
	}
	middleware.LastWords(r.Context(), nil)
	if !h.streams.enter(me.UserID) {
		_, _ = w.Write([]byte("event: full\ndata:\n\n")) // the page stays as it is
		return
	}
	defer h.streams.leave(me.UserID)
	watch := h.manager.Subscribe(me.UserID)
	defer watch.Stop()
	before, err := h.look(r, me, watch)
	if err != nil {
		w.Header().Del("Content-Type")
		h.failed(w, r, err)
		return
	}
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for message := ":\n\n"; ; {
		if r.Context().Err() != nil {
			_, _ = w.Write([]byte("event: over\ndata:\n\n"))
			return
		}
		looked := time.Now()
		if now, err := h.look(r, me, watch); err == nil && now != before {
			before, message = now, "data: reload\n\n"
		}
		if message != "" {
			if _, err := w.Write([]byte(message)); err != nil || rc.Flush() != nil {
				return
			}
		}
		message = ""
		select {
		case <-r.Context().Done():
		case <-watch.C: // if nothing has come of it that me may see, nothing is said
			select {
			case <-r.Context().Done():
			case <-time.After(time.Until(looked.Add(lookAtMost))):
			}
		case <-tick.C:
			message = ":\n\n"
		}
	}
}

// look returns what the list is recognised by, as long as it looks the same but
// for its times.
func (h *Handler) look(r *http.Request, me *session.Session, watch *session.Subscription) (print [sha256.Size]byte, err error) {
	page, err := h.manager.ListPage(r.Context(), me.UserID, nil, perPage)
	if err != nil {
		return print, err
	}
	all := page.Sessions
	watch.See(all)
	hash := sha256.New()
	hash.Write(binary.BigEndian.AppendUint64(nil, uint64(page.Total)))
	// By sign-in: use alone moves nothing.
	sortBySignIn(all)
	for _, s := range all {
		hash.Write(s.ID[:])
		s = seenBy(s, me)
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(s.ConfirmedAt.UnixMilli())))
		hash.Write([]byte(s.Name + "\x00" + string(s.Restriction)))
		hash.Write([]byte{byte(len(s.Signals)), byte(s.Twin)})
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}
