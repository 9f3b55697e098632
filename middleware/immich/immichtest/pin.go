package immichtest

import (
	"net/http"
	"time"
)

// elevated is how long a session sees what is locked.
const elevated = 15 * time.Minute

// setPIN sets the PIN code of a user who has none.
func (s *Server) setPIN(w http.ResponseWriter, r *http.Request, c caller) {
	var in struct{ PinCode string }
	if read(w, r, &in, func() bool { return len(in.PinCode) == 6 }) {
		s.changeIf(w, "User already has a PIN code", func() bool { return c.user.pin == "" }, func() { c.user.pin = in.PinCode })
	}
}

// changePIN sets another one.
func (s *Server) changePIN(w http.ResponseWriter, r *http.Request, c caller) {
	var in struct{ PinCode, Password, NewPinCode string }
	if read(w, r, &in, func() bool { return len(in.NewPinCode) == 6 }) {
		s.changeIf(w, wrong(in.Password), func() bool { return c.user.knows(in.PinCode, in.Password) }, func() { c.user.pin = in.NewPinCode })
	}
}

// resetPIN takes it away.
func (s *Server) resetPIN(w http.ResponseWriter, r *http.Request, c caller) {
	var in struct{ PinCode, Password string }
	if read(w, r, &in, nil) {
		s.changeIf(w, wrong(in.Password), func() bool { return c.user.knows(in.PinCode, in.Password) }, func() { c.user.pin = "" })
	}
}

// wrong says what was, of a password, if there is one, and a PIN code.
func wrong(password string) string {
	if password != "" {
		return "Wrong password"
	}
	return "Wrong PIN code"
}

// knows reports whether either is the user's. Server.mu is held.
func (u *user) knows(pin, password string) bool {
	return pin != "" && pin == u.pin || password != "" && password == u.password
}

func (s *Server) unlock(w http.ResponseWriter, r *http.Request, c caller) {
	var in struct{ PinCode string }
	if read(w, r, &in, func() bool { return c.session != nil }) {
		s.changeIf(w, "Wrong PIN code", func() bool { return c.user.knows(in.PinCode, "") }, func() { c.session.elevatedUntil = now().Add(elevated) })
	}
}

func (s *Server) lock(w http.ResponseWriter, _ *http.Request, c caller) {
	s.changeIf(w, "Not a session", func() bool { return c.session != nil }, func() { c.session.elevatedUntil = time.Time{} })
}

// lockOne locks one of the caller's sessions.
func (s *Server) lockOne(w http.ResponseWriter, r *http.Request, c caller) {
	var row *session
	find := func() bool {
		row = s.own(c, r.PathValue("id"))
		return row != nil
	}
	s.changeIf(w, "Not found or no session.lock access", find, func() { row.elevatedUntil = time.Time{} })
}

// changeIf answers 204 after a change, or 400 with what is wrong.
func (s *Server) changeIf(w http.ResponseWriter, why string, may func() bool, change func()) {
	s.mu.Lock()
	ok := may()
	if ok {
		change()
	}
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusBadRequest, why)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
