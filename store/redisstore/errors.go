package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
)

// fail says what went wrong where, and what to do about it if that is known.
func fail(what string, err error) error {
	switch err {
	case nil, session.ErrUnknown, session.ErrEnded, session.ErrConflict, session.ErrExists, session.ErrOutdated:
		return err // an answer
	}
	if advice := advice(err); isDenied(err) {
		return fmt.Errorf("redisstore: %s: %w", what, &AccessError{Err: err, Advice: advice})
	} else if advice != "" {
		return fmt.Errorf("redisstore: %s: %w (%s)", what, err, advice)
	}
	return fmt.Errorf("redisstore: %s: %w", what, err)
}

// An AccessError says that the client's user may not do what a [Store] or a
// [Bus] does, or has not said who it is.
type AccessError struct {
	Err    error
	Advice string // what to do
}

// Error says what is wrong and what to do.
func (e *AccessError) Error() string { return fmt.Sprintf("%v (%s)", e.Err, e.Advice) }

// Unwrap returns Err.
func (e *AccessError) Unwrap() error { return e.Err }

func isDenied(err error) bool {
	var answer redis.Error
	if !errors.As(err, &answer) {
		return false
	}
	for _, text := range []string{"NOPERM ", "NOAUTH ", "WRONGPASS "} {
		if strings.Contains(answer.Error(), text) { // also from inside of a script
			return true
		}
	}
	return false
}

var errReadTimeout = fmt.Errorf("no answer within Config.ReadTimeout: %w", context.DeadlineExceeded)

var errIncomplete = errors.New("not the fields of a session")

// corrupt says that the stored session cannot be decoded, and why.
func corrupt(id session.ID, err error) error {
	return fmt.Errorf("%w: session %v: %w", session.ErrCorrupt, id, err)
}

// answers are the errors of the server that say what to do. Nothing but the
// advice depends on them.
var answers = []struct{ text, advice string }{
	{"OOM ", "the server's memory is full: raise maxmemory; revocations still work"},
	{"READONLY ", "this is a replica: connect to the primary, with Sentinel by redis.NewFailoverClient"},
	{"WRONGTYPE ", "another program uses our keys: give each its own Config.Prefix"},
	{"NOAUTH ", "the server wants a password: set Username and Password of the client"},
	{"WRONGPASS ", "check Username and Password of the client"},
	{"NOPERM ", "the user may not do this: by ACL SETUSER, allow it ~<prefix>* &<prefix>* +@read +@write +@scripting +@connection +@pubsub +info +time"},
	{"MISCONF ", "the server cannot write to its disk, and so refuses to change anything: look at its log"},
	{"NOREPLICAS ", "fewer replicas are connected than min-replicas-to-write wants"},
	{"LOADING ", "the server is starting: it will be there soon"},
	{"MASTERDOWN ", "this is a replica that has lost its primary"},
	{"CLUSTERDOWN ", "a part of the cluster is down: look at CLUSTER INFO"},
	{"CROSSSLOT ", "this is a cluster: connect with redis.NewClusterClient"},
	{"MOVED ", "this is a cluster: connect with redis.NewClusterClient"},
	{"BUSY ", "a script of another program keeps the server busy: SCRIPT KILL ends it"},
	{"ERR max number of clients", "raise maxclients, or lower PoolSize of the clients"},
	{"for 'hello' command", "this is no Redis, but a double of it such as miniredis: in tests use store/memstore, or a real server"},
	{"ERR unknown command", "the server lacks a command: Redis 6.2, or Valkey, is needed, with scripts"},
}

func advice(err error) string {
	var answer redis.Error
	if errors.As(err, &answer) {
		for _, a := range answers {
			if strings.Contains(answer.Error(), a.text) {
				return a.advice
			}
		}
		return ""
	}
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case strings.Contains(err.Error(), "connection pool timeout"):
		return "all connections are in use: raise PoolSize of the client"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network):
		return "the server cannot be reached, or not in time: check that it runs, its address, and its load by SLOWLOG GET"
	case errors.Is(err, redis.ErrClosed):
		return "the client was closed before the last use of the Store"
	}
	return ""
}
