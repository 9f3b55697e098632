package immichtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

type oauthCode struct {
	user *user
	sid  string
}

// AddOAuthCode enables OAuth and lets whoever returns from the identity
// provider with this code sign in as the user, once. The provider knows the
// user by the subject and the session by sid.
func (s *Server) AddOAuthCode(code, userID, subject, sid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oauth == nil {
		s.oauth = make(map[string]oauthCode)
	}
	u := s.user(userID)
	u.oauthID = subject
	s.oauth[code] = oauthCode{u, sid}
}

func (s *Server) hasOAuth() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oauth != nil
}

// SetPasswordLogin says whether people may sign in by a password, which they may
// at first.
func (s *Server) SetPasswordLogin(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passwordOff = !on
}

func (s *Server) hasPasswords() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.passwordOff
}

func (s *Server) features(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]bool{"oauth": s.hasOAuth(), "oauthAutoLaunch": false, "passwordLogin": s.hasPasswords(),
		"trash": true, "search": true, "map": false})
}

func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	var in struct{ RedirectURI, State, CodeChallenge string }
	if !read(w, r, &in, func() bool { return in.RedirectURI != "" }) {
		return
	}
	if !s.hasOAuth() {
		refuse(w, http.StatusBadRequest, "OAuth is not enabled")
		return
	}
	state := either(in.State, newToken())
	setCookie(w, "immich_oauth_state", state, true, isSecure(r))
	setCookie(w, "immich_oauth_code_verifier", newToken(), true, isSecure(r))
	query := url.Values{"redirect_uri": {in.RedirectURI}, "state": {state}, "response_type": {"code"}}
	answer(w, http.StatusCreated, map[string]string{"url": "https://idp.example.com/authorize?" + query.Encode()})
}

func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	var in struct{ URL, State, CodeVerifier string }
	if !read(w, r, &in, func() bool { return in.URL != "" }) {
		return
	}
	if c, err := r.Cookie("immich_oauth_state"); err == nil {
		in.State = either(in.State, c.Value)
	}
	back, err := url.Parse(in.URL)
	if err != nil || in.State == "" || back.Query().Get("state") != in.State {
		refuse(w, http.StatusBadRequest, "OAuth state is missing")
		return
	}
	code := back.Query().Get("code")
	s.mu.Lock()
	found, ok := s.oauth[code]
	delete(s.oauth, code)
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusInternalServerError, "Unable to complete OAuth login")
		return
	}
	s.signIn(w, r, found.user, "oauth", found.sid)
}

func mobileRedirect(w http.ResponseWriter, r *http.Request) {
	to := "app.immich:///oauth-callback?" + r.URL.RawQuery
	w.Header().Set("Location", to)
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusTemporaryRedirect)
	_, _ = w.Write([]byte("Temporary Redirect. Redirecting to " + to))
}

// backchannelLogout signs out one session, by the token's sid, or all of a
// user's, by its sub. The signature is not looked at.
func (s *Server) backchannelLogout(w http.ResponseWriter, r *http.Request) {
	var claims struct{ Sub, Sid string }
	parts := strings.Split(r.FormValue("logout_token"), ".")
	if len(parts) == 3 {
		if raw, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(raw, &claims)
		}
	}
	if claims.Sub == "" && claims.Sid == "" {
		refuse(w, http.StatusBadRequest, "Error backchannel logout: token validation failed")
		return
	}
	s.mu.Lock()
	for _, row := range append([]*session(nil), s.sessions...) {
		if claims.Sid != "" && row.sid == claims.Sid || claims.Sid == "" && s.user(row.UserID).oauthID == claims.Sub {
			s.signOut(row)
		}
	}
	s.mu.Unlock()
	w.WriteHeader(http.StatusOK)
}
