package middleware

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/signedin/signedin/session"
)

// Why a session has ended is told to the device that was signed out. Its cookie goes
// away with a redirect, and with it what the reason could be looked up by: so the
// reason comes along in a cookie of its own, for as long as it is news.

const (
	endedSuffix = "-ended"
	endedLife   = time.Minute
	maxReason   = 40 // bytes
)

// sendWhy has the browser know for a minute why its session has ended.
func (c *cookie) sendWhy(w http.ResponseWriter, err error) {
	ended, ok := errors.AsType[*session.EndedError](err)
	if !ok || !isReason(string(ended.Reason)) {
		return
	}
	k := c.attributes
	k.Name += endedSuffix
	k.Value, k.MaxAge = string(ended.Reason), int(endedLife/time.Second)
	sendCookie(w, &k)
}

// whyEnded returns what sendWhy has sent, nil if that is nothing. It comes from the
// client: it is a reason and no more.
func (c *cookie) whyEnded(r *http.Request) error {
	why, _ := cookieUpTo(r, c.attributes.Name+endedSuffix, maxReason)
	if !isReason(why) {
		return nil
	}
	if reason := session.Reason(why); reason != session.ReasonExpired {
		return &session.EndedError{Err: session.ErrRevoked, Reason: reason}
	}
	return &session.EndedError{Err: session.ErrExpired, Reason: session.ReasonExpired}
}

// isReason reports whether s is spelled as reasons are.
func isReason(s string) bool {
	return s != "" && len(s) <= maxReason && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// signedOutError is [ErrSignInRequired] with the reason.
type signedOutError struct{ ended *session.EndedError }

func (e signedOutError) Error() string   { return ErrSignInRequired.Error() }
func (e signedOutError) Unwrap() []error { return []error{ErrSignInRequired, e.ended} }
