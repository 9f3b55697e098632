package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// statements are prepared once. In their text, {columns} and {values} are the
// columns of the sessions table and as many parameters, {read} those
// that are read, {live} is the condition
// that session s is live, and what a dialect says differently is filled in by
// it. {writable} is the part of {live} that a write has to check: see
// [dialect]. {lock} locks the rows of a subquery, {skip} those that nobody
// else has locked.
type statements struct {
	create, exists, addUser                          *sqlx.Stmt
	get, getMany, state, scan, countLive, generation *sqlx.Stmt
	listLive, pageLive, pageOldest                   *sqlx.Stmt
	listEnded, oldestEnded                           *sqlx.Stmt
	update, standing, touch, touchTimes              *sqlx.Stmt

	begin, end, endOnly, remove        *sqlx.Stmt
	bump, keep, liveOf, countOf, allOf *sqlx.Stmt
	bumpAll, bumpRest                  *sqlx.Stmt // where one statement does all of it

	addBump, firstBump, bumpsOf, dropBump, dropBumps, anyBump *sqlx.Stmt
	deadOf, lockDeadOf, unmarked, lastEveryone                *sqlx.Stmt
	endedByUser, endedByAll, gensOf                           *sqlx.Stmt

	bumpEveryone, outdated, stragglers *sqlx.Stmt

	holdGens, liveOnly, bumped, bumpedEveryone, expired, occupied *sqlx.Stmt // where there is no RETURNING

	due, moveDue, endDue, over       *sqlx.Stmt
	reduce, removeRemnants           *sqlx.Stmt
	longAgo, settled, settle, forget *sqlx.Stmt

	addEntry, entries, freshEntries, stampEntries, oldEntries, removeEntries *sqlx.Stmt

	profile, addProfile, replaceProfile, removeProfile *sqlx.Stmt

	link, linked, unlink, counter, count  *sqlx.Stmt
	oldLinks, oldCounters, removeCounters *sqlx.Stmt
}

// column is a column of the sessions table.
type column struct{ name, cast string }

// columns are those of the sessions table and their types; a parameter in a
// SELECT list has no type by itself.
var columns = []column{
	{"id", "bytea"}, {"user_id", "text"}, {"carrier", "text"}, {"name", "text"},
	{"created_at", "bigint"}, {"created_ip", "text"}, {"created", "text"},
	{"last_at", "bigint"}, {"ip", "text"}, {"network", "text"}, {"country", "text"}, {"city", "text"},
	{"device_kind", "text"}, {"browser", "text"}, {"os", "text"}, {"last", "text"},
	{"expires_at", "bigint"}, {"idle_ms", "bigint"}, {"due_at", "bigint"},
	{"ended_at", "bigint"}, {"reason", "text"}, {"ended_by", "text"},
	{"user_generation", "bigint"}, {"global_generation", "bigint"}, {"version", "bigint"}, {"data", "text"},
	{"bound", "text"},
}

// forOperators are the columns that nobody here reads.
var forOperators = []string{"network", "country", "city", "device_kind", "browser", "os", "due_at"}

func columnNames(columns []column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

const (
	userGeneration   = `coalesce((SELECT u.generation FROM signedin_users u WHERE u.user_id = s.user_id), 0)`
	globalGeneration = `(SELECT g.generation FROM signedin_everyone g)`
	live             = `s.ended_at IS NULL AND s.user_generation = ` + userGeneration + ` AND s.global_generation = ` + globalGeneration

	// writableBeside is live for a write that may have waited for its row.
	writableBeside = `s.ended_at IS NULL AND s.user_generation >= ` + userGeneration + ` AND s.global_generation = ` + globalGeneration

	// listLive reads the counter of the one user once, not for each row. Its
	// rows are wide and few: it is cheaper to sort them here than there.
	listLive = `SELECT {read} FROM signedin_sessions s WHERE s.user_id = ? AND s.ended_at IS NULL
		AND s.user_generation = coalesce((SELECT u.generation FROM signedin_users u WHERE u.user_id = ?), 0)
		AND s.global_generation = ` + globalGeneration

	// ending is what becomes of a session that ends.
	ending = `created_ip = '', ip = '', due_at = NULL`
	// remnant is what becomes of a foreign session that ended long ago: all but
	// its ID, which is a hash of the token. Users have an ID, so it is nobody's.
	remnant = `user_id = '', name = '', created_at = 0, created = '{}', last_at = 0, network = '', country = '', city = '',
		device_kind = '', browser = '', os = '', last = '{}', idle_ms = 0, ended_at = expires_at, reason = '', ended_by = '', data = '{}', bound = NULL`
	// expiry is when session s expires.
	expiry = `{least}(s.expires_at, s.last_at + s.idle_ms)`
)

type statement struct {
	stmt **sqlx.Stmt
	text string
}

func (p *statements) all(d *dialect) []statement {
	all := slices.Concat(p.ofBumps(), p.ofSessions(), p.ofEndings(), p.ofPurges(), p.ofProfiles(), p.ofIssuers(), p.ofLooks())
	if d.log {
		all = append(all, p.ofLog()...)
	}
	if d.own == nil {
		return all
	}
	for _, own := range d.own(p) {
		i := slices.IndexFunc(all, func(s statement) bool { return s.stmt == own.stmt })
		all[i] = own
	}
	return all
}

// ofLooks are of use only where there is no RETURNING.
func (p *statements) ofLooks() []statement {
	return []statement{
		{&p.holdGens, ``}, {&p.liveOnly, ``}, {&p.bumped, ``}, {&p.bumpedEveryone, ``}, {&p.expired, ``}, {&p.occupied, ``},
	}
}

func (p *statements) ofLog() []statement {
	return []statement{
		{&p.addEntry, `INSERT INTO signedin_log (notice) VALUES (?)`},
		{&p.entries, `SELECT number, notice FROM signedin_log WHERE number > ?
			UNION ALL SELECT number, notice FROM signedin_log WHERE number IN (SELECT value FROM json_each(?))`},
		{&p.freshEntries, `SELECT number FROM signedin_log WHERE seen_at IS NULL ORDER BY number LIMIT ? {skip}`},
		{&p.stampEntries, `WITH n AS (SELECT value FROM json_each(?))
			UPDATE signedin_log SET seen_at = {clock} WHERE number IN (SELECT value FROM n)`},
		{&p.oldEntries, `SELECT number FROM signedin_log WHERE seen_at < {clock} - ? ORDER BY seen_at LIMIT ? {skip}`},
		{&p.removeEntries, `DELETE FROM signedin_log WHERE number IN (SELECT value FROM json_each(?))`},
	}
}

func (p *statements) ofProfiles() []statement {
	return []statement{
		{&p.profile, `SELECT profile, version FROM signedin_profiles WHERE user_id = ?`},
		{&p.addProfile, `INSERT INTO signedin_profiles (user_id, profile, version) VALUES (?, ?, 1) ON CONFLICT (user_id) DO NOTHING`},
		{&p.replaceProfile, `UPDATE signedin_profiles SET profile = ?, version = version + 1 WHERE user_id = ? AND version = ?`},
		{&p.removeProfile, `DELETE FROM signedin_profiles WHERE user_id = ?`},
	}
}

func (p *statements) ofSessions() []statement {
	return []statement{
		{&p.create, `INSERT INTO signedin_sessions ({columns}) SELECT {values} {current} ON CONFLICT (id) DO NOTHING`},
		{&p.addUser, `INSERT INTO signedin_users (user_id, generation, bumped_at) VALUES (?, 0, ?) ON CONFLICT (user_id) DO NOTHING`},
		{&p.exists, `SELECT count(*) FROM signedin_sessions WHERE id = ?`},
		{&p.get, `SELECT {read}, ` + userGeneration + ` AS now_user, ` + globalGeneration + ` AS now_global
			FROM signedin_sessions s WHERE s.id = ?`},
		{&p.state, `SELECT s.version, s.last_at, s.user_generation, s.global_generation, ` + userGeneration + `, ` + globalGeneration + `
			FROM signedin_sessions s WHERE s.id = ? AND s.ended_at IS NULL`},
		{&p.getMany, `SELECT {read}, ` + userGeneration + ` AS now_user, ` + globalGeneration + ` AS now_global
			FROM signedin_sessions s WHERE s.id IN ({ids})`},
		{&p.scan, `SELECT {read}, ` + userGeneration + ` AS now_user, ` + globalGeneration + ` AS now_global
			FROM signedin_sessions s WHERE s.id > ? AND s.ended_at IS NULL ORDER BY s.id LIMIT ?`},
		{&p.countLive, `SELECT count(*) FROM (SELECT 1 FROM signedin_sessions s WHERE s.user_id = ? AND s.ended_at IS NULL
			AND s.user_generation = coalesce((SELECT u.generation FROM signedin_users u WHERE u.user_id = ?), 0)
			AND s.global_generation = ` + globalGeneration + ` LIMIT ?) c`},
		{&p.listLive, listLive},
		{&p.pageOldest, listLive + ` AND (s.created_at, s.id) > (?, ?) ORDER BY s.created_at, s.id LIMIT ?`},
		{&p.oldestEnded, `SELECT {read} FROM signedin_sessions s WHERE s.user_id = ? AND s.ended_at IS NOT NULL
			AND (s.ended_at, s.id) > (?, ?) ORDER BY s.ended_at, s.id LIMIT ?`},
		{&p.pageLive, listLive + ` AND (s.created_at, s.id) < (?, ?) ORDER BY s.created_at DESC, s.id DESC LIMIT ?`},
		{&p.listEnded, `SELECT {read} FROM signedin_sessions s WHERE s.user_id = ? AND s.ended_at IS NOT NULL
			AND (s.ended_at, s.id) < (?, ?) ORDER BY s.ended_at DESC, s.id DESC LIMIT ?`},
		{&p.generation, `SELECT coalesce((SELECT generation FROM signedin_users WHERE user_id = ?), 0) AS now_user,
			(SELECT generation FROM signedin_everyone) AS now_global`},
		{&p.update, `UPDATE signedin_sessions AS s SET name = ?, expires_at = ?, idle_ms = ?, data = ?, bound = ?,
			due_at = {least}(?, s.last_at + ?), version = s.version + 1
			WHERE s.id = ? AND s.version = ? AND {writable}`},
		{&p.standing, `SELECT s.user_id, s.version, {live} AS live FROM signedin_sessions s WHERE s.id = ?`},
		{&p.touch, `{touch}`},
		{&p.touchTimes, `{touch times}`},
	}
}

func (p *statements) ofEndings() []statement {
	return []statement{
		{&p.begin, `UPDATE signedin_everyone SET id = id WHERE id = 0`},
		{&p.end, `UPDATE signedin_sessions SET ended_at = ?, reason = ?, ended_by = ?, ` + ending + ` WHERE id IN ({ids})`},
		{&p.endOnly, `WITH named AS (SELECT n.id FROM signedin_sessions n WHERE n.id IN ({ids}) AND n.user_id = ?)
			UPDATE signedin_sessions AS s SET ended_at = ?, reason = ?, ended_by = ?, ` + ending + `
			WHERE s.id IN (SELECT id FROM named) AND {live} RETURNING id`},
		{&p.remove, `DELETE FROM signedin_sessions WHERE id IN ({ids})`},

		{&p.bump, `INSERT INTO signedin_users (user_id, generation, bumped_at) VALUES (?, 1, ?)
			ON CONFLICT (user_id) DO UPDATE SET generation = signedin_users.generation + 1, bumped_at = excluded.bumped_at
			RETURNING generation`},
		{&p.keep, `UPDATE signedin_sessions AS s SET name = ?, expires_at = ?, idle_ms = ?, data = ?, bound = ?,
			due_at = {least}(?, s.last_at + ?), version = s.version + 1, user_generation = s.user_generation + 1
			WHERE s.id = ? AND s.version = ? AND s.user_id = ? AND s.user_generation = ?
			AND s.ended_at IS NULL AND s.global_generation = ` + globalGeneration},
		{&p.liveOf, `SELECT s.id FROM signedin_sessions s WHERE s.user_id = ? AND s.user_generation = ?
			AND s.ended_at IS NULL AND s.global_generation = ` + globalGeneration + ` LIMIT ?`},
		{&p.countOf, `SELECT count(*) FROM (SELECT 1 FROM signedin_sessions s WHERE s.user_id = ? AND s.user_generation = ?
			AND s.ended_at IS NULL AND s.global_generation = ` + globalGeneration + ` LIMIT ?) c`},
		{&p.allOf, `SELECT id FROM signedin_sessions WHERE user_id = ? ORDER BY id LIMIT ? {lock}`},
		{&p.bumpAll, ``}, {&p.bumpRest, ``},

		{&p.bumpEveryone, `UPDATE signedin_everyone SET generation = generation + 1, ended_at = ?, reason = ?, ended_by = ?
			RETURNING generation`},
		{&p.outdated, `SELECT id FROM signedin_sessions WHERE due_at IS NOT NULL AND global_generation < ? LIMIT ? {skip}`},
		{&p.stragglers, `SELECT id FROM signedin_sessions WHERE due_at IS NOT NULL AND global_generation < ?
			ORDER BY substr(id, 1) LIMIT ? {lock}`}, // not by id, or SQLite reads all sessions in that order
	}
}

func (p *statements) ofPurges() []statement {
	return []statement{
		{&p.due, `SELECT id FROM signedin_sessions WHERE due_at <= ? ORDER BY due_at LIMIT ? {skip}`},
		{&p.moveDue, `UPDATE signedin_sessions AS s SET due_at = ` + expiry + ` WHERE s.id IN ({ids}) AND ` + expiry + ` > ?`},
		{&p.endDue, `UPDATE signedin_sessions AS s SET ended_at = ` + expiry + `, reason = ?, ended_by = ?, ` + ending + `
			WHERE s.id IN ({ids}) AND ` + expiry + ` <= ? AND {writable} RETURNING id, user_id`},
		{&p.reduce, `UPDATE signedin_sessions SET ` + remnant + ` WHERE id IN ({ids})`},
		{&p.removeRemnants, `DELETE FROM signedin_sessions WHERE id IN ({ids}) AND user_id = ''`},
		{&p.over, `SELECT id, user_id, carrier, expires_at FROM signedin_sessions WHERE ended_at < ? ORDER BY ended_at LIMIT ? {skip}`},

		{&p.longAgo, `SELECT user_id FROM signedin_users WHERE bumped_at < ? ORDER BY bumped_at LIMIT ? {skip}`},
		{&p.settled, `SELECT user_id FROM signedin_users WHERE bumped_at IS NULL AND user_id IN ({texts}) {skip}`},
		{&p.settle, `UPDATE signedin_users SET bumped_at = NULL WHERE user_id IN ({texts})
			AND EXISTS (SELECT 1 FROM signedin_sessions s WHERE s.user_id = signedin_users.user_id)`},
		{&p.forget, `DELETE FROM signedin_users WHERE user_id IN ({texts})
			AND NOT EXISTS (SELECT 1 FROM signedin_sessions s WHERE s.user_id = signedin_users.user_id)`},
	}
}

// prepare prepares all statements. The schema is there; what does not fit it
// was made, or changed, by somebody else.
func (st *Store) prepare(ctx context.Context) error {
	for _, s := range st.stmts.all(st.dialect) {
		if s.text == "" {
			continue
		}
		stmt, err := st.db.PreparexContext(ctx, st.text(s.text))
		if err != nil && st.dialect.denied(err) {
			return fmt.Errorf("sqlstore: %w", &AccessError{Err: err, Advice: st.dialect.advice(err)})
		}
		if err != nil {
			return st.fail(ctx, "prepare", err)
		}
		*s.stmt = stmt
	}
	return nil
}

// text fills in a statement.
func (st *Store) text(s string) string {
	d := st.dialect
	of := strings.NewReplacer("{of s}", "", "{of u}", "")
	if d.of {
		of = strings.NewReplacer("{of s}", "OF s", "{of u}", "OF u")
	}
	var read, values []string
	for _, c := range columns {
		values = append(values, cmp.Or(d.casts[c.cast], "?"))
		if !slices.Contains(forOperators, c.name) {
			read = append(read, c.name)
		}
	}
	for _, r := range [][2]string{
		{"{touch}", d.touch}, {"{touch times}", d.touchTimes}, {"{current}", d.current}, {"{writable}", d.writable}, {"{live}", live},
		{"{ids}", d.ids}, {"{texts}", d.texts}, {"{least}", d.least}, {"{clock}", d.clock}, {"{lock}", d.lock}, {"{share}", d.share}, {"{skip}", d.skip},
		{"{text}", cmp.Or(d.casts["text"], "?")}, {"{bigint}", cmp.Or(d.casts["bigint"], "?")}, {"{bytea}", cmp.Or(d.casts["bytea"], "?")},
		{"{columns}", columnNames(columns)}, {"{read}", strings.Join(read, ", ")}, {"{values}", strings.Join(values, ", ")},
	} {
		s = strings.ReplaceAll(s, r[0], r[1])
	}
	s = of.Replace(s)
	if !strings.HasPrefix(s, "SELECT") || strings.Contains(s, "FOR UPDATE") || d.share != "" && strings.Contains(s, d.share) {
		s = d.write + s
	}
	return sqlx.Rebind(d.bind, st.cfg.named(s))
}

// String names a statement by its first words, for errors and tests.
func (s statement) String() string { return fmt.Sprintf("%.40s", s.text) }
