package sqlstore

const bumpColumns = `generation, global_generation, ended_at, reason, ended_by`

// ofBumps are about how counters were bumped, and the sessions that this ended
// and that are not marked yet.
func (p *statements) ofBumps() []statement {
	return []statement{
		{&p.addBump, `INSERT INTO signedin_bumps (user_id, ` + bumpColumns + `, kept)
			SELECT {text}, {bigint}, g.generation, {bigint}, {text}, {text}, {bytea} FROM signedin_everyone g WHERE true
			ON CONFLICT (user_id, generation) DO UPDATE SET global_generation = excluded.global_generation,
			ended_at = excluded.ended_at, reason = excluded.reason, ended_by = excluded.ended_by, kept = excluded.kept`},
		{&p.firstBump, `SELECT user_id, ` + bumpColumns + ` FROM signedin_bumps WHERE user_id = ? AND generation > ? ORDER BY generation LIMIT 1`},
		{&p.bumpsOf, `SELECT user_id, ` + bumpColumns + ` FROM signedin_bumps WHERE user_id IN (?, '') ORDER BY user_id, generation`},
		{&p.anyBump, `SELECT user_id, ` + bumpColumns + ` FROM signedin_bumps WHERE user_id > '' ORDER BY user_id, generation LIMIT 1`},
		{&p.dropBump, `DELETE FROM signedin_bumps WHERE user_id = ? AND generation = ?`},
		{&p.dropBumps, `DELETE FROM signedin_bumps WHERE user_id = ?`},

		{&p.deadOf, deadOf + ` LIMIT ? {skip}`},
		{&p.lockDeadOf, deadOf + ` ORDER BY s.id LIMIT ? {lock}`},
		{&p.unmarked, `SELECT ` + deadColumns + ` FROM signedin_sessions s WHERE s.id IN ({ids}) AND s.ended_at IS NULL AND NOT ({live})`},
		{&p.lastEveryone, `SELECT generation, 0 AS global_generation, ended_at, reason, ended_by FROM signedin_everyone`},

		{&p.endedByUser, `SELECT {read} FROM signedin_sessions s WHERE s.user_id = ? AND s.ended_at IS NULL
			AND s.user_generation = ? AND s.global_generation >= ? AND s.id < ? ORDER BY s.id DESC LIMIT ?`},
		{&p.endedByAll, `SELECT {read} FROM signedin_sessions s WHERE s.user_id = ? AND s.ended_at IS NULL
			AND s.global_generation = ? AND NOT EXISTS (SELECT 1 FROM signedin_bumps b WHERE b.user_id = s.user_id
				AND b.generation = s.user_generation + 1 AND b.global_generation <= s.global_generation)
			AND s.id < ? ORDER BY s.id DESC LIMIT ?`},
		{&p.gensOf, ``},
	}
}

const (
	deadColumns = `s.id, s.user_id, s.user_generation, s.global_generation, s.last_at,
		` + userGeneration + ` AS now_user, ` + globalGeneration + ` AS now_global`
	// deadOf are the sessions that a bump of a user's counter has ended and that
	// are not marked: not those that one of all users had ended before.
	deadOf = `SELECT s.id FROM signedin_sessions s WHERE s.user_id = ? AND s.user_generation < ? AND s.ended_at IS NULL AND s.global_generation >= ?`
)

// Where one statement can do all of a revocation of all, it is one round trip.
// Sessions are counted as they were when it began.
const (
	postgresBumpAll = `WITH b AS (INSERT INTO signedin_users (user_id, generation, bumped_at) VALUES (?, 1, ?)
			ON CONFLICT (user_id) DO UPDATE SET generation = signedin_users.generation + 1, bumped_at = excluded.bumped_at
			RETURNING user_id, generation),
		r AS (INSERT INTO signedin_bumps AS r (user_id, ` + bumpColumns + `)
			SELECT b.user_id, b.generation, ` + globalGeneration + `, {bigint}, {text}, {text} FROM b ` + postgresOver + `)
		SELECT b.generation, (SELECT count(*) FROM (SELECT 1 FROM signedin_sessions s WHERE s.user_id = b.user_id AND s.ended_at IS NULL
			AND s.user_generation = b.generation - 1 AND s.global_generation = ` + globalGeneration + ` LIMIT ?) c) AS ended FROM b`

	// The counter is locked before the session that stays, as by everybody.
	postgresBumpRest = `WITH u AS (SELECT generation FROM signedin_users WHERE user_id = ? FOR UPDATE),
		k AS (UPDATE signedin_sessions AS s SET name = ?, expires_at = ?, idle_ms = ?, data = ?, bound = ?,
			due_at = {least}(?, s.last_at + ?), version = s.version + 1, user_generation = s.user_generation + 1
			FROM u WHERE s.id = ? AND s.version = ? AND s.user_id = ? AND s.user_generation = u.generation
			AND s.ended_at IS NULL AND s.global_generation = ` + globalGeneration + `
			RETURNING s.id, s.user_id, s.user_generation AS generation),
		b AS (UPDATE signedin_users AS b SET generation = k.generation, bumped_at = ? FROM k WHERE b.user_id = k.user_id),
		r AS (INSERT INTO signedin_bumps AS r (user_id, ` + bumpColumns + `, kept)
			SELECT k.user_id, k.generation, ` + globalGeneration + `, {bigint}, {text}, {text}, k.id FROM k ` + postgresOver + `)
		SELECT k.generation, (SELECT count(*) FROM (SELECT 1 FROM signedin_sessions s WHERE s.user_id = k.user_id AND s.ended_at IS NULL
			AND s.user_generation = k.generation - 1 AND s.global_generation = ` + globalGeneration + ` AND s.id <> k.id LIMIT ?) c) AS ended FROM k`

	// postgresOver replaces what is left of a counter that was forgotten.
	postgresOver = `ON CONFLICT (user_id, generation) DO UPDATE SET global_generation = excluded.global_generation,
		ended_at = excluded.ended_at, reason = excluded.reason, ended_by = excluded.ended_by, kept = excluded.kept`
)

// postgresEndOnly locks the counters first, like a sign-in, and so comes before a
// bump or finds it; then the sessions, in the order of their IDs, as by
// everybody. They are judged by what is in them then. To judge them before would
// pass over one that a bump under way keeps.
const postgresEndOnly = `WITH u AS (SELECT generation FROM signedin_users WHERE user_id = ? FOR SHARE),
		g AS (SELECT generation FROM signedin_everyone FOR SHARE),
		named AS (SELECT n.id, n.ended_at, n.user_generation, n.global_generation, coalesce(u.generation, 0) AS now_user, g.generation AS now_global
			FROM g LEFT JOIN u ON true CROSS JOIN signedin_sessions n WHERE n.id IN ({ids}) AND n.user_id = ? ORDER BY n.id FOR UPDATE OF n)
		UPDATE signedin_sessions SET ended_at = ?, reason = ?, ended_by = ?, ` + ending + `
		FROM named s WHERE signedin_sessions.id = s.id AND s.ended_at IS NULL
		AND s.user_generation = s.now_user AND s.global_generation = s.now_global RETURNING s.id`

func postgresStatements(p *statements) []statement {
	return []statement{
		{&p.endOnly, postgresEndOnly},
		{&p.bumpAll, postgresBumpAll}, {&p.bumpRest, postgresBumpRest},
		// In orders by which it does not read all of the table, for so many rows, or
		// all of its primary key, in vain when they are marked.
		{&p.deadOf, deadOf + ` ORDER BY s.user_generation LIMIT ? {skip}`},
		{&p.lockDeadOf, deadOf + ` ORDER BY substr(s.id, 1) LIMIT ? {lock}`},
	}
}

func mysqlOfBumps(p *statements) []statement {
	return []statement{
		{&p.addBump, `INSERT INTO signedin_bumps (user_id, ` + bumpColumns + `, kept)
			SELECT ?, ?, g.generation, ?, ?, ?, ? FROM signedin_everyone g
			ON DUPLICATE KEY UPDATE global_generation = VALUES(global_generation), ended_at = VALUES(ended_at),
			reason = VALUES(reason), ended_by = VALUES(ended_by), kept = VALUES(kept)`},
		{&p.unmarked, `SELECT ` + deadColumns + ` FROM ` + mysqlIDs + ` WHERE s.ended_at IS NULL AND NOT ({live})`},
		{&p.gensOf, `SELECT s.id, s.user_generation AS generation FROM ` + mysqlIDs + ` WHERE {live}`},
	}
}
