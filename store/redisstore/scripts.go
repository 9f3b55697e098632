package redisstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
)

//go:embed scripts/*.lua
var scriptFiles embed.FS

var (
	commandsScript   = script("commands")
	createScript     = script("create")
	undoScript       = script("undo")
	getScript        = script("get")
	listScript       = script("list")
	updateScript     = script("update")
	touchScript      = script("touch")
	revokeOnlyScript = script("revoke_only")
	revokeAllScript  = script("revoke_all")
	bumpScript       = script("bump")
	markScript       = script("mark")
	markedScript     = script("marked")
	everyoneScript   = script("everyone")
	visitScript      = script("visit")
	deleteScript     = script("delete")
	forgetScript     = script("forget")
	eraseScript      = script("erase")
	disownScript     = script("disown")
	reduceScript     = script("reduce")
	undoReduceScript = script("undo_reduce")

	saveProfileScript = script("save_profile")
)

// script reads an embedded script.
func script(name string) *redis.Script {
	quoted := `'` + strings.Join(fields, `', '`) + `'`
	return redis.NewScript(embedded("lib") + strings.ReplaceAll(embedded(name), "{fields}", quoted))
}

func embedded(name string) string {
	b, err := scriptFiles.ReadFile("scripts/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// newOp names one call of a method that writes. Scripts note it with what they
// write: so they know a command that go-redis sends a second time.
func newOp() string { return strconv.FormatUint(rand.Uint64(), 36) }

// call is the keys and arguments of a script.
type call struct {
	keys []string
	args []any
}

func (st *Store) run(ctx context.Context, s *redis.Script, c call) (any, error) {
	return s.Run(ctx, st.client, c.keys, c.args...).Result()
}

// runAll runs a script several times: in one round trip, or one with each node
// of a cluster. If it fails, some may have run.
func (st *Store) runAll(ctx context.Context, s *redis.Script, calls []call) ([]any, error) {
	if len(calls) == 0 {
		return nil, nil
	}
	cmds := make([]*redis.Cmd, len(calls))
	_, err := st.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, c := range calls {
			cmds[i] = s.EvalSha(ctx, p, c.keys, c.args...)
		}
		return nil
	})
	if isUnanswered(err) {
		return nil, err
	}
	results := make([]any, len(calls))
	for i, cmd := range cmds {
		var err error
		if results[i], err = cmd.Result(); redis.HasErrorPrefix(err, "NOSCRIPT") {
			results[i], err = st.run(ctx, s, calls[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return results, nil
}

// isUnanswered reports whether a pipeline failed other than by what a server has
// said. Its commands may then not tell: without a connection go-redis 9.7 leaves
// each as if it had succeeded.
func isUnanswered(err error) bool {
	var answer redis.Error
	return err != nil && !errors.As(err, &answer)
}

// texts reads a list of texts that a script has returned.
func texts(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, unexpected(v)
	}
	all := make([]string, len(list))
	for i, e := range list {
		if all[i], ok = e.(string); !ok {
			return nil, unexpected(e)
		}
	}
	return all, nil
}

func unexpected(v any) error { return fmt.Errorf("unexpected answer of type %T", v) }

// verdict reads the word by which a script tells how it went.
func verdict(id session.ID, v any) error {
	switch v {
	case "ok":
		return nil
	case "exists", "alive":
		return session.ErrExists
	case "outdated":
		return session.ErrOutdated
	case "unknown":
		return session.ErrUnknown
	case "ended":
		return session.ErrEnded
	case "conflict":
		return session.ErrConflict
	case "corrupt":
		return corrupt(id, errIncomplete)
	}
	return unexpected(v)
}
