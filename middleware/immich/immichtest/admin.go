package immichtest

import (
	"net/http"
	"strings"
	"time"
)

// AddAdmin adds a user who may administer the others.
func (s *Server) AddAdmin(email, password string) User {
	u := s.AddUser(email, password)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user(u.ID).admin = true
	return u
}

// CleanUp deletes the sessions that were not used since then, as Immich's nightly job
// does after 90 days.
func (s *Server) CleanUp(before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(func(row *session) bool { return row.UpdatedAt.Before(before) })
}

// admin lets administrators through, and those whom they are about.
func (s *Server) admin(next func(w http.ResponseWriter, r *http.Request, c caller, u *user)) http.HandlerFunc {
	return s.private(func(w http.ResponseWriter, r *http.Request, c caller) {
		s.mu.Lock()
		isAdmin, u := c.user.admin, s.user(r.PathValue("id"))
		s.mu.Unlock()
		switch {
		case !isAdmin:
			refuse(w, http.StatusForbidden, "Forbidden")
		case u == nil && r.PathValue("id") != "":
			refuse(w, http.StatusBadRequest, "User not found")
		default:
			next(w, r, c, u)
		}
	})
}

func (s *Server) createUser(w http.ResponseWriter, r *http.Request, c caller, _ *user) {
	var in credentials
	if !read(w, r, &in, func() bool { return strings.Contains(in.Email, "@") && in.Password != "" }) {
		return
	}
	made := s.AddUser(in.Email, in.Password)
	s.mu.Lock()
	u := s.user(made.ID)
	s.mu.Unlock()
	s.profile(w, http.StatusCreated, u)
}

// updateUser may change the password, and ends no session.
func (s *Server) updateUser(w http.ResponseWriter, r *http.Request, _ caller, u *user) {
	var in struct{ Name, Password string }
	if !read(w, r, &in, nil) {
		return
	}
	s.mu.Lock()
	u.Name, u.password = either(in.Name, u.Name), either(in.Password, u.password)
	s.mu.Unlock()
	s.profile(w, http.StatusOK, u)
}

// deleteUser has the user's tokens refused, and leaves their sessions and sockets.
func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request, c caller, u *user) {
	if c.user == u {
		refuse(w, http.StatusForbidden, "Cannot delete your own account")
		return
	}
	s.mu.Lock()
	u.deleted = now()
	s.mu.Unlock()
	s.profile(w, http.StatusOK, u)
}

func (s *Server) restoreUser(w http.ResponseWriter, _ *http.Request, _ caller, u *user) {
	s.mu.Lock()
	u.deleted = time.Time{}
	s.mu.Unlock()
	s.profile(w, http.StatusOK, u)
}

// createAPIKey makes one that may do everything.
func (s *Server) createAPIKey(w http.ResponseWriter, _ *http.Request, c caller) {
	answer(w, http.StatusCreated, map[string]string{"secret": s.AddAPIKey(c.user.ID)})
}
