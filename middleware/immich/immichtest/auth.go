package immichtest

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const (
	cookieDays = 400
	// logoutEvent is how long after a logout Immich tells the session's sockets.
	logoutEvent = 500 * time.Millisecond
)

type credentials struct{ Email, Password string }

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	var in credentials
	if !read(w, r, &in, func() bool { return strings.Contains(in.Email, "@") && in.Password != "" }) {
		return
	}
	s.mu.Lock()
	u, off := s.who(in), s.passwordOff
	s.mu.Unlock()
	if off {
		refuse(w, http.StatusUnauthorized, "Password login has been disabled")
		return
	}
	if u == nil {
		refuse(w, http.StatusUnauthorized, "Incorrect email or password")
		return
	}
	s.signIn(w, r, u, "password", "")
}

// who returns the user with this address and password. s.mu is held.
func (s *Server) who(c credentials) *user {
	for _, u := range s.users {
		if strings.EqualFold(u.Email, c.Email) && u.password == c.Password && u.deleted.IsZero() {
			return u
		}
	}
	return nil
}

// signIn starts a session and answers with its cookies.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, u *user, kind, sid string) {
	row := &session{Session: Session{UserID: u.ID}, sid: sid}
	row.DeviceType, row.DeviceOS, row.AppVersion = deviceOf(r)
	s.mu.Lock()
	token := s.start(row)
	s.mu.Unlock()
	secure := isSecure(r)
	setCookie(w, "immich_access_token", token, true, secure)
	setCookie(w, "immich_auth_type", kind, true, secure)
	setCookie(w, "immich_is_authenticated", "true", false, secure)
	answer(w, http.StatusCreated, struct {
		AccessToken          string `json:"accessToken"`
		UserID               string `json:"userId"`
		UserEmail            string `json:"userEmail"`
		Name                 string `json:"name"`
		IsAdmin              bool   `json:"isAdmin"`
		ProfileImagePath     string `json:"profileImagePath"`
		ShouldChangePassword bool   `json:"shouldChangePassword"`
		IsOnboarded          bool   `json:"isOnboarded"`
	}{token, u.ID, u.Email, u.Name, u.admin, "", false, true})
}

func setCookie(w http.ResponseWriter, name, value string, httpOnly, secure bool) {
	const age = cookieDays * 24 * time.Hour
	c := fmt.Sprintf("%s=%s; Max-Age=%d; Path=/; Expires=%s", name, value, int(age/time.Second),
		time.Now().Add(age).UTC().Format(http.TimeFormat))
	if httpOnly {
		c += "; HttpOnly"
	}
	if secure {
		c += "; Secure"
	}
	w.Header().Add("Set-Cookie", c+"; SameSite=Lax")
}

func clearCookies(w http.ResponseWriter) {
	for _, name := range []string{"immich_access_token", "immich_auth_type", "immich_is_authenticated"} {
		w.Header().Add("Set-Cookie", name+"=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
	}
}

// isSecure reports whether the client came by HTTPS, as a proxy says that
// Immich trusts by default.
func isSecure(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip := peer.Addr().Unmap()
	trusted := ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	return r.TLS != nil || trusted && r.Header.Get("X-Forwarded-Proto") == "https"
}

func (s *Server) logout(w http.ResponseWriter, _ *http.Request, c caller) {
	s.mu.Lock()
	if c.session != nil {
		s.signOut(c.session)
	}
	s.mu.Unlock()
	clearCookies(w)
	answer(w, http.StatusOK, struct {
		Successful  bool   `json:"successful"`
		RedirectURI string `json:"redirectUri"`
	}{true, "/auth/login?autoLaunch=0"})
}

// signOut deletes a session and, unlike all else that deletes one, tells its
// sockets. s.mu is held.
func (s *Server) signOut(row *session) {
	s.drop(func(other *session) bool { return other == row })
	time.AfterFunc(logoutEvent, func() { s.Broadcast(row.ID, "on_session_delete", row.ID) })
}

func validateToken(w http.ResponseWriter, _ *http.Request, _ caller) {
	answer(w, http.StatusOK, map[string]bool{"authStatus": true})
}

func (s *Server) authStatus(w http.ResponseWriter, _ *http.Request, c caller) {
	var status struct {
		PinCode      bool   `json:"pinCode"`
		Password     bool   `json:"password"`
		IsElevated   bool   `json:"isElevated"`
		ExpiresAt    *stamp `json:"expiresAt,omitempty"`
		PinExpiresAt *stamp `json:"pinExpiresAt,omitempty"`
	}
	s.mu.Lock()
	status.PinCode, status.Password = c.user.pin != "", c.user.password != ""
	if row := c.session; row != nil {
		status.ExpiresAt, status.PinExpiresAt = stampOf(row.ExpiresAt), stampOf(row.elevatedUntil)
		status.IsElevated = now().Before(row.elevatedUntil)
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, status)
}

// changePassword ends all other sessions, whatever the request says of that.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, c caller) {
	var in struct {
		Password, NewPassword string
		InvalidateSessions    bool
	}
	if !read(w, r, &in, func() bool { return len(in.NewPassword) >= 8 }) {
		return
	}
	s.mu.Lock()
	right := c.user.password == in.Password
	if right {
		c.user.password = in.NewPassword
		s.dropOthers(c)
	}
	s.mu.Unlock()
	if !right {
		refuse(w, http.StatusBadRequest, "Wrong password")
		return
	}
	s.me(w, r, c)
}
