package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store/internal/record"
)

// The remnant of a foreign session stands where the name of its owner stood: so
// it is not in the keys of anybody, and the ID stays taken.

const remnantPrefix = "remnant:"

// remnantError is that instead of an owner there is a remnant.
type remnantError struct{ s *session.Session }

func (e remnantError) Error() string { return "only the remnant of a session" }

// Is lets it be the answer to who wants to change the session.
func (e remnantError) Is(target error) bool { return target == session.ErrEnded }

func remnantText(s *session.Session) string {
	return remnantPrefix + strconv.FormatInt(s.ExpiresAt.UnixMilli(), 10)
}

func parseRemnant(id session.ID, text string) (remnantError, bool) {
	ms, is := strings.CutPrefix(text, remnantPrefix)
	at, err := strconv.ParseInt(ms, 10, 64)
	s := &session.Session{ID: id, Carrier: session.CarrierForeign, ExpiresAt: time.UnixMilli(at).UTC(), Ended: new(session.Ending)}
	return remnantError{s.Remnant(time.Time{})}, is && err == nil
}

// remnantOf returns the remnant that an error tells of.
func remnantOf(err error) (*session.Session, bool) {
	var rest remnantError
	if !errors.As(err, &rest) {
		return nil, false
	}
	return rest.s, true
}

// reduce replaces the name of the owner by the remnant, for those of the
// sessions that leave one. They are deleted next.
func (st *Store) reduce(ctx context.Context, entries []entry, now time.Time) error {
	cmds := make([]*redis.SliceCmd, len(entries))
	_, err := st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, e := range entries {
			cmds[i] = p.HMGet(ctx, st.keysOf(e)[0], "first", "expires_at")
		}
		return nil
	})
	if isUnanswered(err) {
		return err
	}
	var calls []call
	for i, e := range entries {
		if err := cmds[i].Err(); redis.HasErrorPrefix(err, "WRONGTYPE") {
			continue
		} else if err != nil {
			return err
		}
		if rest := readRemnant(cmds[i].Val(), now); rest != nil {
			calls = append(calls, call{[]string{st.ownerKey(e.id)}, []any{e.owner[:], remnantText(rest)}})
		}
	}
	_, err = st.runAll(ctx, reduceScript, calls)
	return err
}

// readRemnant returns nil for what leaves none, or cannot be read.
func readRemnant(values []any, now time.Time) *session.Session {
	if len(values) != 2 {
		return nil
	}
	first, _ := values[0].(string)
	expires, _ := values[1].(string)
	at, err := strconv.ParseInt(expires, 10, 64)
	var s session.Session
	if err != nil || record.Start.Read(first, &s) != nil {
		return nil
	}
	s.ExpiresAt, s.Ended = record.Time(at), new(session.Ending)
	return s.Remnant(now)
}

func (st *Store) deleteRemnants(ctx context.Context, ids []session.ID) (deleted int, err error) {
	var calls []call
	for _, id := range ids {
		calls = append(calls, call{[]string{st.ownerKey(hexID(id))}, []any{remnantPrefix}})
	}
	results, err := st.runAll(ctx, undoReduceScript, calls)
	for _, v := range results {
		n, ok := v.(int64)
		if !ok {
			return deleted, fmt.Errorf("remnants: %w", unexpected(v))
		}
		deleted += int(n)
	}
	return deleted, err
}
