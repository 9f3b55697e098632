package demo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

// linkLife is how long a link to choose a new password works.
const linkLife = 15 * time.Minute

// recoverPage asks for the e-mail address, or shows where the link leads.
func (s *site) recoverPage(w http.ResponseWriter, r *http.Request) {
	if s.users.Mail == nil {
		middleware.Problem(w, r, http.StatusNotFound, nil)
		return
	}
	token := r.URL.Query().Get("t")
	if token == "" {
		var v view
		if me, ok := session.FromContext(r.Context()); ok {
			v.Email, _ = s.users.Email(r.Context(), me.UserID) // or else it is typed
		}
		page(w, http.StatusOK, "recover", v)
		return
	}
	if _, err := s.opened(r.Context(), token); err != nil {
		page(w, http.StatusGone, "reset", view{Message: "This link cannot be used any more."})
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	page(w, http.StatusOK, "reset", view{Token: token})
}

// recover sends the e-mail. It says the same whether or not there is an account.
func (s *site) recover(w http.ResponseWriter, r *http.Request) {
	if s.users.Mail == nil {
		middleware.Problem(w, r, http.StatusNotFound, nil)
		return
	}
	if !formOK(w, r) {
		return
	}
	id, err := s.users.ID(r.Context(), r.PostFormValue("email"))
	if err == nil && id != nobody {
		var token string
		if token, err = s.sealed(r.Context(), id); err == nil {
			err = s.users.Mail(r.Context(), id, "Choose a new password",
				"Somebody, probably you, wants to choose a new password. The link works for a quarter of an hour. If it was not you, there is nothing to do.", "/recover?t="+url.QueryEscape(token))
		}
	}
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	page(w, http.StatusOK, "recover", view{Notice: "If there is an account with this address, an e-mail is on its way. Please open the link in it on this device."})
}

// reset changes the password of who has the link, and ends all sessions but the
// one in which it is opened, which is believed from then on.
func (s *site) reset(w http.ResponseWriter, r *http.Request) {
	if !formOK(w, r) {
		return
	}
	token := r.PostFormValue("t")
	id, err := s.opened(r.Context(), token)
	if err != nil {
		page(w, http.StatusGone, "reset", view{Message: "This link cannot be used any more."})
		return
	}
	me, ok := session.FromContext(r.Context())
	here := ok && me.UserID == id
	err = s.users.SetPassword(r.Context(), id, JustProved, r.PostFormValue("new"), func(ctx context.Context) (err error) {
		if !here {
			_, err = s.sessions.RevokeAll(ctx, id, session.ReasonPasswordChanged)
			return err
		}
		_, err = s.mw.Reauthenticated(w, r.WithContext(ctx), session.Proof{
			Methods: []string{"pwd", "mca"}, RevokeOthers: session.ReasonPasswordChanged, // by e-mail too: another channel (RFC 8176)
		})
		return err
	})
	switch status, message := passwordTrouble(err); {
	case message != "":
		page(w, status, "reset", view{Message: message, Token: token})
	case err != nil:
		s.trouble(w, r, err)
	case here:
		page(w, http.StatusOK, "password", view{Notice: "Your password has changed. All other devices were signed out.", Done: true})
	default:
		page(w, http.StatusOK, "login", view{Next: "/", Notice: "Your password has changed. All devices were signed out. Please sign in with the new one."})
	}
}

// sealed returns what a link proves: that it was sent to the user, while the
// password was the one of now.
func (s *site) sealed(ctx context.Context, id string) (string, error) {
	until := strconv.FormatInt(s.sessions.Now().Add(linkLife).Unix(), 10)
	seal, err := s.seal(ctx, id, until)
	return id + "." + until + "." + seal, err
}

func (s *site) seal(ctx context.Context, id, until string) (string, error) {
	stored, err := s.users.hash(ctx, id)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, s.users.Key)
	fmt.Fprintf(mac, "recover %s %s %s", id, until, stored)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// opened returns the user of a link that can be used.
func (s *site) opened(ctx context.Context, token string) (id string, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || s.users.Mail == nil {
		return "", errWrong
	}
	seal, err := s.seal(ctx, parts[0], parts[1])
	until, bad := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || bad != nil || !hmac.Equal([]byte(seal), []byte(parts[2])) || s.sessions.Now().Unix() > until {
		return "", errWrong
	}
	return parts[0], nil
}

// welcome is where a sign-in over plain HTTP leads first: browsers keep our
// cookie there only in some places, and would ask for the password for ever.
func (s *site) welcome(w http.ResponseWriter, r *http.Request) {
	next := middleware.LocalPath(r.URL.Query().Get("next"), "/")
	if _, ok := session.FromContext(r.Context()); ok {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	v := view{Next: next, Message: "The password was right, but your browser did not keep the sign-in: it does so over HTTPS only. " +
		"Open this page on the machine that the site runs on, by http://127.0.0.1 and the port, or put HTTPS in front of it."}
	if isHere(r.Host) {
		v.Message = "The password was right, but your browser did not keep the sign-in: Safari does so over HTTPS only, even on this machine. " +
			"Start the program with -insecure-cookie, or use another browser here."
	}
	page(w, http.StatusOK, "login", v)
}

// isPlain reports whether a request came over plain HTTP, as far as is known.
func isPlain(r *http.Request) bool {
	return r.TLS == nil && r.Header.Get("X-Forwarded-Proto") != "https"
}

// isHere reports whether host is of this machine.
func isHere(host string) bool {
	u, err := url.Parse("//" + host)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}
