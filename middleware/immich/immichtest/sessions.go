package immichtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// A Session is what Immich keeps of one.
type Session struct {
	ID, UserID string
	ParentID   string // of the session that made it, if it casts
	CreatedAt  time.Time
	UpdatedAt  time.Time
	ExpiresAt  time.Time // zero if it does not
	DeviceType string
	DeviceOS   string
	AppVersion string // empty if it is no app
}

type session struct {
	Session
	token [sha256.Size]byte // its hash
	sid   string            // of the identity provider

	pendingReset  bool
	elevatedUntil time.Time
}

// newToken returns 32 random bytes as Immich writes them: base64 without what
// is no letter or digit.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return strings.NewReplacer("+", "", "/", "", "=", "").Replace(base64.StdEncoding.EncodeToString(b))
}

// Sessions returns the sessions of a user, the newest first.
func (s *Server) Sessions(userID string) (all []Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, row := range slices.Backward(s.sessions) {
		if row.UserID == userID && !row.isOver() {
			all = append(all, row.Session)
		}
	}
	return all
}

// start adds a session and returns its token. s.mu is held.
func (s *Server) start(row *session) string {
	token := newToken()
	row.ID, row.token = uuid.NewString(), sha256.Sum256([]byte(token))
	row.CreatedAt = now()
	row.UpdatedAt = row.CreatedAt
	s.sessions = append(s.sessions, row)
	return token
}

// find returns the session of a token, nil if there is none. s.mu is held.
func (s *Server) find(token string) *session {
	hash := sha256.Sum256([]byte(token))
	for _, row := range s.sessions {
		if row.token == hash && !row.isOver() {
			return row
		}
	}
	return nil
}

func (row *session) isOver() bool {
	return !row.ExpiresAt.IsZero() && !now().Before(row.ExpiresAt)
}

// visit notes a request, which overwrites the device if the last one was noted
// an hour ago or the version of the app is another.
func (row *session) visit(r *http.Request) {
	kind, os, version := deviceOf(r)
	if now().Sub(row.UpdatedAt) > time.Hour || version != row.AppVersion {
		row.UpdatedAt, row.DeviceType, row.DeviceOS, row.AppVersion = now(), kind, os, version
	}
}

// drop deletes the sessions that match, and their children with them, and
// returns how many matched. What is open on them stays so. s.mu is held.
func (s *Server) drop(match func(*session) bool) (n int) {
	var gone []string
	s.sessions = slices.DeleteFunc(s.sessions, func(row *session) bool {
		if !match(row) {
			return false
		}
		gone = append(gone, row.ID)
		return true
	})
	if len(gone) > 0 {
		s.drop(func(row *session) bool { return slices.Contains(gone, row.ParentID) })
	}
	return len(gone)
}

// view is a session as the API shows it.
type view struct {
	ID                 string  `json:"id"`
	CreatedAt          stamp   `json:"createdAt"`
	UpdatedAt          stamp   `json:"updatedAt"`
	ExpiresAt          *stamp  `json:"expiresAt,omitempty"`
	Current            bool    `json:"current"`
	AppVersion         *string `json:"appVersion"`
	DeviceOS           string  `json:"deviceOS"`
	DeviceType         string  `json:"deviceType"`
	IsPendingSyncReset bool    `json:"isPendingSyncReset"`
	Token              string  `json:"token,omitempty"`
}

func (row *session) view(current *session) view {
	v := view{ID: row.ID, CreatedAt: stamp(row.CreatedAt), UpdatedAt: stamp(row.UpdatedAt), ExpiresAt: stampOf(row.ExpiresAt),
		Current: row == current, DeviceOS: row.DeviceOS, DeviceType: row.DeviceType, IsPendingSyncReset: row.pendingReset}
	if row.AppVersion != "" {
		version := row.AppVersion
		v.AppVersion = &version
	}
	return v
}

func (s *Server) listSessions(w http.ResponseWriter, _ *http.Request, c caller) {
	s.mu.Lock()
	all := []view{}
	for _, row := range slices.Backward(s.sessions) {
		if row.UserID == c.user.ID && !row.isOver() {
			all = append(all, row.view(c.session))
		}
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, all)
}

// createChild starts the session of a screen that is cast to.
func (s *Server) createChild(w http.ResponseWriter, r *http.Request, c caller) {
	var in struct {
		Duration             int
		DeviceType, DeviceOS string
	}
	if !read(w, r, &in, func() bool { return in.Duration >= 0 && c.session != nil }) {
		return
	}
	row := &session{Session: Session{UserID: c.user.ID, ParentID: c.session.ID, DeviceType: in.DeviceType, DeviceOS: in.DeviceOS}}
	if in.Duration > 0 {
		row.ExpiresAt = now().Add(time.Duration(in.Duration) * time.Second)
	}
	s.mu.Lock()
	token := s.start(row)
	v := row.view(nil)
	s.mu.Unlock()
	v.Token = token
	answer(w, http.StatusCreated, v)
}

func (s *Server) deleteSessions(w http.ResponseWriter, _ *http.Request, c caller) {
	s.mu.Lock()
	s.dropOthers(c)
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// dropOthers deletes all sessions of the caller but the one that asks.
func (s *Server) dropOthers(c caller) {
	s.drop(func(row *session) bool { return row.UserID == c.user.ID && row != c.session })
}

// own returns a session of the caller, nil if there is none. s.mu is held.
func (s *Server) own(c caller, id string) *session {
	for _, row := range s.sessions {
		if row.UserID == c.user.ID && row.ID == id && !row.isOver() {
			return row
		}
	}
	return nil
}

func (s *Server) updateSession(w http.ResponseWriter, r *http.Request, c caller) {
	var in struct{ IsPendingSyncReset bool }
	if !read(w, r, &in, nil) {
		return
	}
	s.mu.Lock()
	row := s.own(c, r.PathValue("id"))
	var v view
	if row != nil {
		row.pendingReset, row.UpdatedAt = in.IsPendingSyncReset, now()
		v = row.view(c.session)
	}
	s.mu.Unlock()
	if row == nil {
		refuse(w, http.StatusBadRequest, "Not found or no session.update access")
		return
	}
	answer(w, http.StatusOK, v)
}

func (s *Server) deleteSession(w http.ResponseWriter, r *http.Request, c caller) {
	s.mu.Lock()
	n := s.drop(func(row *session) bool { return row.UserID == c.user.ID && row.ID == r.PathValue("id") })
	s.mu.Unlock()
	if n == 0 {
		refuse(w, http.StatusBadRequest, "Not found or no authDevice.delete access")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
