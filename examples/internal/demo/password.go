package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/signedin/signedin/middleware"
	"github.com/signedin/signedin/session"
)

func (s *site) passwordPage(w http.ResponseWriter, r *http.Request) {
	v := view{Fresh: s.isFresh(r)}
	if r.URL.Query().Get("after") == "not-me" {
		v.Message = "It is signed out. Whoever it was may know your password: please choose a new one now."
	}
	page(w, http.StatusOK, "password", v)
}

// isFresh reports whether the user has given the password just now, and need not
// give it once more.
func (s *site) isFresh(r *http.Request) bool {
	me, _ := session.FromContext(r.Context())
	return me.ProvedSince(s.sessions.Now().Add(-s.sessions.Limits().StepUp))
}

// changePassword changes the password and signs out every other device. A
// bearer client that sends new_token=1 takes its new token from the answer.
func (s *site) changePassword(w http.ResponseWriter, r *http.Request) {
	if !formOK(w, r) {
		return
	}
	me, _ := session.FromContext(r.Context())
	var re session.Reauthentication
	current := Given(r.PostFormValue("current"))
	if r.PostFormValue("current") == "" && s.isFresh(r) {
		current = JustProved
	}
	err := s.users.SetPassword(r.Context(), me.UserID, current, r.PostFormValue("new"), func(ctx context.Context) (err error) {
		re, err = s.mw.Reauthenticated(w, r.WithContext(ctx), session.Proof{
			Methods: []string{"pwd"}, RevokeOthers: session.ReasonPasswordChanged, NewToken: checked(r, "new_token"),
		})
		return err
	})
	if status, message := passwordTrouble(err); message != "" {
		if status >= http.StatusInternalServerError {
			s.log.ErrorContext(r.Context(), "password", "error", err)
		}
		s.passwordAnswer(w, r, status, view{Message: message, Fresh: current == JustProved}, nil)
		return
	}
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	result := map[string]any{"revoked": re.Revoked}
	if !re.Token.IsZero() {
		result["token"] = re.Token.Reveal()
	}
	s.passwordAnswer(w, r, http.StatusOK, view{Notice: changed(re.Revoked), Fresh: true, Done: true}, result)
}

func changed(n int) string {
	switch n {
	case 0:
		return "Your password has changed. No other device was signed in."
	case 1:
		return "Your password has changed. 1 other device was signed out."
	}
	return fmt.Sprintf("Your password has changed. %d other devices were signed out.", n)
}

func passwordTrouble(err error) (status int, message string) {
	switch {
	case errors.Is(err, errWrong):
		return http.StatusUnprocessableEntity, "That is not your current password."
	case errors.Is(err, errWeak):
		return http.StatusUnprocessableEntity, "A password has 8 to 72 characters."
	case errors.Is(err, errNotSignedOut):
		return http.StatusServiceUnavailable, "Your password has changed, but the other devices could not be signed out. Please try again on the device page."
	}
	return 0, ""
}

// passwordAnswer writes the password page, or JSON for an app.
func (s *site) passwordAnswer(w http.ResponseWriter, r *http.Request, status int, v view, result map[string]any) {
	me, _ := session.FromContext(r.Context())
	switch {
	case me.Carrier == session.CarrierCookie:
		page(w, status, "password", v)
	case result == nil:
		middleware.Problem(w, r, status, errors.New(v.Message))
	default:
		writeJSON(w, status, result)
	}
}
