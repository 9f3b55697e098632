package session

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// attrProof is the attribute of a session whose user has proved who they are for one
// action: when, and which.
const attrProof = "signedin.proof"

const maxAction = 200 // bytes

func checkAction(action string) error {
	if action == "" || len(action) > maxAction || !utf8.ValidString(action) || strings.ContainsRune(action, 0) {
		return fmt.Errorf("session: an action is named by 1 to %d bytes of text", maxAction)
	}
	return nil
}

// noteProof notes that the user has proved who they are for one action.
func (s *Session) noteProof(action string, now time.Time) {
	if s.Attrs == nil {
		s.Attrs = make(map[string]string)
	}
	s.Attrs[attrProof] = strconv.FormatInt(now.UnixMilli(), 10) + " " + action
}

func (s *Session) provedFor(action string) (at time.Time, ok bool) {
	when, what, _ := strings.Cut(s.Attrs[attrProof], " ")
	ms, err := strconv.ParseInt(when, 10, 64)
	return time.UnixMilli(ms), err == nil && what == action
}

// UseProof uses up the proof that the user of a session has given for one action
// ([Proof].For): it returns nil once, on whichever instance, and [ErrNotProved] to
// everybody else who asks. After any other error the action must not be done, and the
// proof may be gone.
func (m *Manager) UseProof(ctx context.Context, userID string, id ID, action string) error {
	if err := checkAction(action); err != nil {
		return err
	}
	wctx, cancel := write(ctx)
	defer cancel()
	for n := range maxAttempts {
		s, err := m.mine(ctx, userID, id)
		if err != nil {
			return err
		}
		now := m.Now()
		at, ok := s.provedFor(action)
		if !ok || s.Restriction != RestrictionNone || now.Sub(at) > m.limits.StepUp || at.After(now) {
			return ErrNotProved
		}
		s = s.Clone()
		delete(s.Attrs, attrProof)
		switch err := m.store.Update(wctx, s); {
		case errors.Is(err, ErrConflict): // perhaps by who used it
			yield(wctx, n)
		case errors.Is(err, ErrEnded), errors.Is(err, ErrUnknown):
			return ErrNotFound
		case err != nil:
			return fmt.Errorf("session: use proof: %w", err)
		default:
			return nil
		}
	}
	return fmt.Errorf("session: use proof: %w", ErrConflict)
}
