package redisstore

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/signedin/signedin/session"
)

// shards is how many parts users are spread over: enough to spread well over a
// cluster, few enough that Purge can look at each.
const shards = 32 * 32

const base32Digits = "abcdefghijklmnopqrstuvwxyz234567"

var base32Text = base32.NewEncoding(base32Digits).WithPadding(base32.NoPadding)

// owner is a user's name in keys: 160 bits of the SHA-256 of the ID, in base32.
// The first two digits are the user's shard. A user ID itself may be an address
// or hold braces, and is not for keys.
type owner [32]byte

func ownerOf(userID string) (o owner) {
	sum := sha256.Sum256([]byte(userID))
	base32Text.Encode(o[:], sum[:20])
	return o
}

// parseOwner reads what was stored.
func parseOwner(s string) (o owner, err error) {
	if copy(o[:], s) != len(s) || len(s) != len(o) || strings.Trim(s, base32Digits) != "" {
		return o, fmt.Errorf("%.40q names no owner", s)
	}
	return o, nil
}

func (o owner) shard() string { return string(o[:2]) }

// shardNames returns the names of all shards.
func shardNames() []string {
	names := make([]string, 0, shards)
	for _, a := range base32Digits {
		for _, b := range base32Digits {
			names = append(names, string([]rune{a, b}))
		}
	}
	return names
}

// hexID is how an ID is written in keys; the order is that of the IDs.
func hexID(id session.ID) string { return hex.EncodeToString(id[:]) }

func parseID(s string) (id session.ID, err error) {
	if len(s) != 2*len(id) {
		return id, fmt.Errorf("%.40q is no session ID", s)
	}
	_, err = hex.Decode(id[:], []byte(s))
	return id, err
}

func (st *Store) globalKey() string { return st.cfg.Prefix + "everyone" }

func (st *Store) ownerKey(id string) string { return st.cfg.Prefix + "owner:" + id }

// ofShard returns a key of a shard.
func (st *Store) ofShard(shard, kind string) string {
	return st.cfg.Prefix + "{" + shard + "}:" + kind
}

// ofUser returns a key of a user.
func (st *Store) ofUser(o owner, kind string) string {
	return st.cfg.Prefix + "{" + string(o[:2]) + "}:" + kind + ":" + string(o[:])
}

// sessionKeys is how the keys of the sessions in a shard start.
func (st *Store) sessionKeys(shard string) string { return st.ofShard(shard, "session:") }

// member names a session in the sorted sets of its shard.
func member(o owner, id string) string { return string(o[:]) + ":" + id }

// entry is a session as a sorted set of a shard has it.
type entry struct {
	member string
	owner  owner
	id     string
}

func parseEntry(s string) (e entry, err error) {
	name, id, _ := strings.Cut(s, ":")
	e = entry{member: s, id: id}
	if e.owner, err = parseOwner(name); err == nil {
		_, err = parseID(id)
	}
	return e, err
}

// keysOf are the keys that visit.lua and delete.lua need of a session.
func (st *Store) keysOf(e entry) []string {
	return []string{
		st.sessionKeys(e.owner.shard()) + e.id,
		st.ofUser(e.owner, "user"), st.ofUser(e.owner, "live"), st.ofUser(e.owner, "ended"), st.ofUser(e.owner, "bumps"),
	}
}
