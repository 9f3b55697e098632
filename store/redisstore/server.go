package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/signedin/signedin/session"
	"github.com/signedin/signedin/store"
)

// check fails if the servers cannot be used, or not safely.
func (st *Store) check(ctx context.Context) error {
	switch c := st.client.(type) {
	case *redis.Ring:
		return errors.New("a Ring loses keys when one of its servers fails: use a cluster, or one server")
	case *redis.ClusterClient:
		if c.Options().ReadOnly {
			return errors.New("the client reads from replicas, which may not know of a revocation yet: unset ReadOnly, RouteByLatency and RouteRandomly")
		}
	}
	if err := st.eachServer(ctx, st.checkServer); err != nil {
		return err
	}
	if err := st.checkLayout(ctx); err != nil {
		return err
	}
	return st.checkScripts(ctx)
}

// checkScripts fails if scripts may not be run, by running one that reads, or may
// not call what ours do.
func (st *Store) checkScripts(ctx context.Context) error {
	_, _, err := st.getAsOne(ctx, session.ID{}, []string{
		st.sessionKeys("aa") + hexID(session.ID{}), st.ofShard("aa", "user:"), st.ofShard("aa", "everyone"),
	})
	if err != session.ErrUnknown {
		return err
	}
	v, err := st.run(ctx, commandsScript, call{keys: []string{st.ofShard("aa", "scratch")}})
	if err != nil {
		return err
	}
	forbidden, err := texts(v)
	if err != nil || len(forbidden) == 0 {
		return err
	}
	return &AccessError{
		Err:    errors.New(strings.Join(forbidden, ": ")),
		Advice: "what a script has begun it could not end: take " + forbidden[0] + " out of rename-command of the server, or allow the user +" + strings.ToLower(forbidden[0]),
	}
}

// eachServer calls f for the server, or for every primary of the cluster, one
// at a time.
func (st *Store) eachServer(ctx context.Context, f func(context.Context, redis.Cmdable) error) error {
	c, ok := st.client.(*redis.ClusterClient)
	if !ok {
		return f(ctx, st.client)
	}
	var mu sync.Mutex
	return c.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		return f(ctx, node)
	})
}

func (st *Store) checkServer(ctx context.Context, node redis.Cmdable) error {
	s, err := describe(ctx, node)
	if err != nil {
		return err
	}
	var major, minor int
	if _, err := fmt.Sscanf(s["version"], "%d.%d", &major, &minor); err != nil || major < 6 || major == 6 && minor < 2 {
		return fmt.Errorf("the server is version %q: Redis 6.2, or Valkey, is needed", s["version"])
	}
	switch s["role"] {
	case "master", "primary", "":
	case "replica", "slave":
		return errors.New("this is a replica, which may not know of a revocation yet: connect to the primary, with Sentinel by redis.NewFailoverClient")
	default:
		return fmt.Errorf("this server is %q: where several take writes, one may not know of a revocation yet: use a single primary", s["role"])
	}
	_, single := st.client.(*redis.Client)
	if st.cluster = s["mode"] == "cluster"; st.cluster && single {
		return errors.New("this is a node of a cluster: connect with redis.NewClusterClient")
	}
	settings, err := settingsOf(ctx, node)
	if answer := redis.Error(nil); err != nil && !errors.As(err, &answer) {
		return err
	}
	switch policy := settings["maxmemory-policy"]; {
	case policy == "noeviction", st.cfg.InsecureEviction:
		return nil
	case policy == unknown:
		return &AccessError{
			Err:    cmp.Or(err, errors.New("the server does not tell its maxmemory-policy")),
			Advice: "by another maxmemory-policy than noeviction it would throw away sessions: allow the user +info, or set Config.InsecureEviction",
		}
	default:
		return fmt.Errorf("maxmemory-policy is %s, by which the server throws away sessions and counters when its memory is full: "+
			"set it to noeviction, or else Config.InsecureEviction", policy)
	}
}

// describe returns what a server says of itself to everybody.
func describe(ctx context.Context, node redis.Cmdable) (map[string]string, error) {
	cmd := redis.NewCmd(ctx, "hello")
	if err := node.(interface {
		Process(context.Context, redis.Cmder) error
	}).Process(ctx, cmd); err != nil {
		return nil, err
	}
	s := make(map[string]string)
	switch answer := cmd.Val().(type) {
	case map[any]any: // RESP3
		for k, v := range answer {
			s[fmt.Sprint(k)] = fmt.Sprint(v)
		}
	case []any: // RESP2
		for i := 0; i+1 < len(answer); i += 2 {
			s[fmt.Sprint(answer[i])] = fmt.Sprint(answer[i+1])
		}
	default:
		return nil, unexpected(answer)
	}
	return s, nil
}

// Durability reads the settings of the server on which it depends whether a
// revocation can be undone by a crash: of a cluster, those of the primary that
// promises least.
func (st *Store) Durability(ctx context.Context) (store.Durability, error) {
	d, err := await(ctx, func() (store.Durability, error) {
		var all []store.Durability
		err := st.eachServer(ctx, func(ctx context.Context, node redis.Cmdable) error {
			// CONFIG and INFO may be refused, but somebody has to be there.
			if _, err := describe(ctx, node); err != nil {
				return err
			}
			settings, _ := settingsOf(ctx, node)
			all = append(all, judge(settings))
			return nil
		})
		if err != nil || len(all) == 0 {
			return store.Durability{}, err
		}
		least := all[0]
		for _, d := range all {
			if promises(d) < promises(least) {
				least = d
			}
		}
		return least, nil
	})
	return d, fail("durability", err)
}

// checkDurability returns a [*store.DurabilityError] if the server does not keep
// what it must, and warns if it keeps less than it could.
func (st *Store) checkDurability(ctx context.Context) error {
	d, err := st.Durability(ctx)
	if err != nil {
		return err
	}
	return fail("durability", d.Check(ctx, st.cfg.MustSurvive, st.cfg.Logger))
}

func promises(d store.Durability) (n int) {
	for _, kept := range []bool{d.Process, d.Power, d.Settings["maxmemory-policy"] == "noeviction"} {
		if kept {
			n++
		}
	}
	return n
}

const unknown = "unknown"

// settingsOf reads the settings that matter, each "unknown" if it is not told:
// then the error may say why.
func settingsOf(ctx context.Context, node redis.Cmdable) (s map[string]string, why error) {
	s = make(map[string]string)
	for _, name := range []string{"appendonly", "appendfsync", "no-appendfsync-on-rewrite", "save", "maxmemory-policy"} {
		s[name] = unknown
		if found, err := node.ConfigGet(ctx, name).Result(); err == nil {
			if v, ok := found[name]; ok {
				s[name] = v
			}
		}
	}
	// Where CONFIG is refused, INFO may not be.
	told, why := node.Info(ctx).Result()
	for line := range strings.Lines(told) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case name == "maxmemory_policy" && s["maxmemory-policy"] == unknown:
			s["maxmemory-policy"] = value
		case name == "aof_enabled" && s["appendonly"] == unknown:
			s["appendonly"] = map[string]string{"0": "no", "1": "yes"}[value]
		case name == "valkey_version":
			s["server"] = "valkey"
		}
	}
	return s, why
}

// judge says what follows from the settings.
func judge(s map[string]string) store.Durability {
	d := store.Durability{Server: cmp.Or(s["server"], "redis"), Settings: s}
	delete(s, "server")
	// The append-only file is written before the answer is sent, and with
	// "always" synced as well; but with "everysec" up to two seconds later, while
	// the sync before it is under way:
	// https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/.
	sync := s["appendfsync"]
	d.Process = s["appendonly"] == "yes" && (sync == "always" || sync == "no")
	d.Power = d.Process && sync == "always" && s["no-appendfsync-on-rewrite"] == "no"
	switch policy := s["maxmemory-policy"]; {
	case s["appendonly"] == unknown:
		d.Advice = "the server does not tell its settings: see to it that appendonly is yes, appendfsync always and maxmemory-policy noeviction"
	case policy != "noeviction" && policy != unknown:
		d.Advice = "a full memory signs users out and can undo a revocation: set maxmemory-policy to noeviction"
	case s["appendonly"] != "yes":
		d.Advice = "a crash undoes the revocations since the last snapshot: set appendonly to yes and appendfsync to always"
	case sync != "always":
		d.Advice = "a loss of power, or a crash while the disk is slow, can undo the revocations of the last two seconds: set appendfsync to always"
	case !d.Power:
		d.Advice = "a loss of power while the append-only file is rewritten can undo revocations: set no-appendfsync-on-rewrite to no"
	}
	return d
}
