package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// statements are prepared once. In their text, {columns} and {values} are the
// columns of the sessions table and as many parameters, {live} is the condition
// that session s is live, and what a dialect says differently is filled in by
// it ([dialect.text]).
type statements struct {
	create, exists                       *sqlx.Stmt
	get, listLive, listEnded, generation *sqlx.Stmt
	update, standing, touch              *sqlx.Stmt

	endOnly, endAll, bump, keep *sqlx.Stmt
	bumpEveryone, endEveryone   *sqlx.Stmt

	moveDue, endDue, endDead, deleteEnded, erase *sqlx.Stmt
	settleUsers, forgetUsers, forgetOf           *sqlx.Stmt
}

var columns = []string{
	"id", "user_id", "carrier", "name", "created_at", "created_ip", "created",
	"last_at", "ip", "network", "country", "city", "device_kind", "browser", "os", "last",
	"expires_at", "idle_ms", "due_at", "ended_at", "reason", "ended_by",
	"user_generation", "global_generation", "version", "data",
}

const (
	userGeneration   = `coalesce((SELECT u.generation FROM signedin_users u WHERE u.user_id = s.user_id), 0)`
	globalGeneration = `(SELECT g.generation FROM signedin_everyone g)`
	live             = `s.ended_at IS NULL AND s.user_generation = ` + userGeneration + ` AND s.global_generation = ` + globalGeneration

	// ending is what becomes of a session that ends.
	ending = `created_ip = '', ip = '', due_at = NULL`
	// expiry is when session s expires.
	expiry = `{least}(s.expires_at, s.last_at + s.idle_ms)`
	due    = `(SELECT id FROM signedin_sessions WHERE due_at <= ? ORDER BY due_at LIMIT ?)`
)

type statement struct {
	stmt **sqlx.Stmt
	text string
}

func (p *statements) all() []statement {
	return append(p.ofSessions(), p.ofEndings()...)
}

func (p *statements) ofSessions() []statement {
	return []statement{
		{&p.create, `INSERT INTO signedin_sessions ({columns}) SELECT {values}
			WHERE ? = coalesce((SELECT generation FROM signedin_users WHERE user_id = ?), 0)
			AND ? = (SELECT generation FROM signedin_everyone)
			ON CONFLICT (id) DO NOTHING`},
		{&p.exists, `SELECT count(*) FROM signedin_sessions WHERE id = ?`},
		{&p.get, `SELECT {columns}, ` + userGeneration + ` AS now_user, ` + globalGeneration + ` AS now_global
			FROM signedin_sessions s WHERE s.id = ?`},
		{&p.listLive, `SELECT {columns} FROM signedin_sessions s WHERE s.user_id = ? AND {live}
			AND (s.created_at, s.id) < (?, ?) ORDER BY s.created_at DESC, s.id DESC LIMIT ?`},
		{&p.listEnded, `SELECT {columns} FROM signedin_sessions s WHERE s.user_id = ?
			AND (s.ended_at, s.id) < (?, ?) ORDER BY s.ended_at DESC, s.id DESC LIMIT ?`},
		{&p.generation, `SELECT coalesce((SELECT generation FROM signedin_users WHERE user_id = ?), 0) AS now_user,
			(SELECT generation FROM signedin_everyone) AS now_global`},
		{&p.update, `UPDATE signedin_sessions AS s SET name = ?, expires_at = ?, idle_ms = ?, data = ?,
			due_at = {least}(?, s.last_at + ?), version = s.version + 1
			WHERE s.id = ? AND s.version = ? AND {live}`},
		{&p.standing, `SELECT s.user_id, {live} AS live FROM signedin_sessions s WHERE s.id = ?`},
		{&p.touch, `{touch}`},
	}
}

func (p *statements) ofEndings() []statement {
	return []statement{
		{&p.endOnly, `UPDATE signedin_sessions AS s SET ended_at = ?, reason = ?, ended_by = ?, ` + ending + `
			WHERE s.id IN ({ids}) AND s.user_id = ? AND {live} RETURNING id`},
		{&p.bump, `INSERT INTO signedin_users (user_id, generation, bumped_at) VALUES (?, 1, ?)
			ON CONFLICT (user_id) DO UPDATE SET generation = signedin_users.generation + 1, bumped_at = excluded.bumped_at
			RETURNING generation`},
		{&p.keep, `UPDATE signedin_sessions AS s SET name = ?, expires_at = ?, idle_ms = ?, data = ?,
			due_at = {least}(?, s.last_at + ?), version = s.version + 1, user_generation = s.user_generation + 1
			WHERE s.id = ? AND s.version = ? AND s.user_id = ? AND s.user_generation = ?
			AND s.ended_at IS NULL AND s.global_generation = ` + globalGeneration},
		{&p.endAll, `UPDATE signedin_sessions AS s SET ended_at = ?, reason = ?, ended_by = ?, ` + ending + `
			WHERE s.user_id = ? AND s.user_generation = ?
			AND s.ended_at IS NULL AND s.global_generation = ` + globalGeneration + ` RETURNING id`},
		{&p.bumpEveryone, `UPDATE signedin_everyone SET generation = generation + 1, ended_at = ?, reason = ?, ended_by = ?
			RETURNING generation`},
		{&p.endEveryone, `UPDATE signedin_sessions SET ended_at = ?, reason = ?, ended_by = ?, ` + ending + `
			WHERE id IN (SELECT id FROM signedin_sessions WHERE due_at IS NOT NULL AND global_generation < ? LIMIT ?)`},

		{&p.moveDue, `UPDATE signedin_sessions AS s SET due_at = ` + expiry + ` WHERE s.id IN ` + due + ` AND ` + expiry + ` > ?`},
		{&p.endDue, `UPDATE signedin_sessions AS s SET ended_at = ` + expiry + `, reason = ?, ended_by = ?, ` + ending + `
			WHERE s.id IN ` + due + ` AND ` + expiry + ` <= ? AND {live} RETURNING id, user_id`},
		{&p.endDead, `UPDATE signedin_sessions AS s SET ended_at = g.ended_at, reason = g.reason, ended_by = g.ended_by, ` + ending + `
			FROM signedin_everyone g WHERE s.id IN ` + due + ` AND ` + expiry + ` <= ? AND NOT ({live})`},
		{&p.deleteEnded, `DELETE FROM signedin_sessions WHERE id IN
			(SELECT id FROM signedin_sessions WHERE ended_at < ? ORDER BY ended_at LIMIT ?) RETURNING user_id`},
		{&p.erase, `DELETE FROM signedin_sessions WHERE user_id = ?`},

		{&p.settleUsers, `UPDATE signedin_users SET bumped_at = NULL WHERE user_id IN
			(SELECT user_id FROM signedin_users WHERE bumped_at < ? ORDER BY bumped_at LIMIT ?)
			AND EXISTS (SELECT 1 FROM signedin_sessions s WHERE s.user_id = signedin_users.user_id)`},
		{&p.forgetUsers, `DELETE FROM signedin_users WHERE user_id IN
			(SELECT user_id FROM signedin_users WHERE bumped_at < ? ORDER BY bumped_at LIMIT ?)
			AND NOT EXISTS (SELECT 1 FROM signedin_sessions s WHERE s.user_id = signedin_users.user_id)`},
		{&p.forgetOf, `DELETE FROM signedin_users WHERE bumped_at IS NULL AND user_id IN ({texts})
			AND NOT EXISTS (SELECT 1 FROM signedin_sessions s WHERE s.user_id = signedin_users.user_id)`},
	}
}

// prepare prepares all statements. The schema is there; what does not fit it
// was made, or changed, by somebody else.
func (st *Store) prepare(ctx context.Context) error {
	for _, s := range st.stmts.all() {
		stmt, err := st.db.PreparexContext(ctx, st.text(s.text))
		if err != nil {
			return st.fail("prepare", &SchemaError{Prefix: st.cfg.Prefix, Have: latest, Want: latest, Err: err})
		}
		*s.stmt = stmt
	}
	return nil
}

// text fills in a statement.
func (st *Store) text(s string) string {
	values := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	d := st.dialect
	for _, r := range [][2]string{
		{"{touch}", d.touch}, {"{live}", live}, {"{ids}", d.ids}, {"{texts}", d.texts}, {"{least}", d.least},
		{"{columns}", strings.Join(columns, ", ")}, {"{values}", values},
	} {
		s = strings.ReplaceAll(s, r[0], r[1])
	}
	return st.db.Rebind(st.cfg.named(s))
}

// String names a statement by its first words, for errors and tests.
func (s statement) String() string { return fmt.Sprintf("%.40s", s.text) }
