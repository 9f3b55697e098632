package sqlstore

import "slices"

// Where the others say IN ({ids}), MySQL gets a join that starts from the
// parameter: of an UPDATE with IN and a subquery it would read the whole table.
// A row is locked when it is read, so rows are locked in the order of the
// parameter, and the index is forced, or in a small table those of others are
// read, and waited for, too.
const (
	mysqlIDs   = `JSON_TABLE(?, '$[*]' COLUMNS (v CHAR(32) PATH '$' ERROR ON ERROR)) t STRAIGHT_JOIN signedin_sessions s FORCE INDEX (PRIMARY) ON s.id = unhex(t.v)`
	mysqlTexts = `JSON_TABLE(?, '$[*]' COLUMNS (v VARCHAR(255) CHARACTER SET utf8mb4 PATH '$' ERROR ON ERROR)) t
		STRAIGHT_JOIN signedin_users u FORCE INDEX (PRIMARY) ON u.user_id = CAST(t.v AS BINARY)`
	mysqlNumbers = `JSON_TABLE(?, '$[*]' COLUMNS (v BIGINT PATH '$' ERROR ON ERROR)) n STRAIGHT_JOIN signedin_log l FORCE INDEX (PRIMARY) ON l.number = n.v`
	mysqlEnding  = `s.created_ip = '', s.ip = '', s.due_at = NULL`
)

// mysqlStatements are the statements that MySQL says otherwise. There is no
// RETURNING on UPDATE; what it would return is read before, with a lock. And
// there is no DO NOTHING: IGNORE ignores other trouble as well, and ON DUPLICATE
// KEY counts the row that is there if the connection has clientFoundRows. So an
// insert fails if the key is taken, of which each table has one.
func mysqlStatements(p *statements) []statement {
	return slices.Concat(mysqlOfBumps(p), mysqlOfSessions(p), mysqlOfEndings(p), mysqlOfIssuers(p), mysqlOfLog(p))
}

func mysqlOfSessions(p *statements) []statement {
	return []statement{
		{&p.create, `INSERT INTO signedin_sessions ({columns}) SELECT {values} FROM
			(SELECT CAST(? AS SIGNED) AS wanted, CAST(? AS BINARY) AS owner) w
			STRAIGHT_JOIN signedin_users u FORCE INDEX (PRIMARY) ON u.user_id = w.owner AND u.generation = w.wanted
			STRAIGHT_JOIN signedin_everyone g ON g.generation = ? LOCK IN SHARE MODE`},
		{&p.getMany, `SELECT {read}, ` + userGeneration + ` AS now_user, ` + globalGeneration + ` AS now_global FROM ` + mysqlIDs},
		{&p.addUser, `INSERT INTO signedin_users (user_id, generation, bumped_at) VALUES (?, 0, ?)`},
		{&p.addProfile, `INSERT INTO signedin_profiles (user_id, profile, version) VALUES (?, ?, 1)`},
		{&p.touch, `UPDATE JSON_TABLE(?, '$[*]' COLUMNS (` + mysqlVisit + `)) t
			STRAIGHT_JOIN signedin_sessions s FORCE INDEX (PRIMARY) ON s.id = unhex(t.id)
			SET s.last_at = t.at, s.ip = t.ip, s.network = t.network, s.country = t.country, s.city = t.city,
			s.device_kind = t.kind, s.browser = t.browser, s.os = t.os, s.last = t.last
			WHERE s.last_at < t.at AND s.ended_at IS NULL AND s.user_generation >= t.gen AND s.global_generation = (SELECT g.generation FROM signedin_everyone g)`},
		{&p.touchTimes, `UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$[0]' ERROR ON ERROR, at BIGINT PATH '$[1]' ERROR ON ERROR,
				since BIGINT PATH '$[2]' ERROR ON ERROR, gen BIGINT PATH '$[3]' ERROR ON ERROR)) t
			STRAIGHT_JOIN signedin_sessions s FORCE INDEX (PRIMARY) ON s.id = unhex(t.id) SET s.last_at = t.at
			WHERE s.last_at = t.since AND s.last_at < t.at AND s.ended_at IS NULL AND s.user_generation >= t.gen AND s.global_generation = (SELECT g.generation FROM signedin_everyone g)`},
	}
}

func mysqlOfLog(p *statements) []statement {
	return []statement{
		{&p.entries, `SELECT number, notice FROM signedin_log WHERE number > ?
			UNION ALL SELECT l.number, l.notice FROM ` + mysqlNumbers},
		{&p.stampEntries, `UPDATE ` + mysqlNumbers + ` SET l.seen_at = {clock}`},
		{&p.removeEntries, `DELETE l FROM ` + mysqlNumbers},
	}
}

func mysqlOfEndings(p *statements) []statement {
	return []statement{
		{&p.end, `UPDATE (SELECT CAST(? AS SIGNED) AS ended_at, ? AS reason, ? AS ended_by) e STRAIGHT_JOIN ` + mysqlIDs + `
			SET s.ended_at = e.ended_at, s.reason = e.reason, s.ended_by = e.ended_by, ` + mysqlEnding},
		{&p.endOnly, ``},
		{&p.holdGens, `SELECT coalesce(u.generation, 0) AS now_user, g.generation AS now_global FROM (SELECT CAST(? AS BINARY) AS owner) w
			LEFT JOIN signedin_users u FORCE INDEX (PRIMARY) ON u.user_id = w.owner STRAIGHT_JOIN signedin_everyone g {share}`},
		{&p.liveOnly, `SELECT s.id FROM ` + mysqlIDs + ` WHERE s.user_id = ? AND s.ended_at IS NULL
			AND s.user_generation = ? AND s.global_generation = ? FOR UPDATE {of s}`},
		{&p.remove, `DELETE s FROM ` + mysqlIDs},

		{&p.bump, `INSERT INTO signedin_users (user_id, generation, bumped_at) VALUES (?, 1, ?)
			ON DUPLICATE KEY UPDATE generation = generation + 1, bumped_at = ?`},
		{&p.bumped, `SELECT generation FROM signedin_users WHERE user_id = ? FOR UPDATE`},
		{&p.allOf, `SELECT id FROM signedin_sessions FORCE INDEX (signedin_sessions_user) WHERE user_id = ? ORDER BY id LIMIT ? FOR UPDATE`},

		{&p.bumpEveryone, `UPDATE signedin_everyone SET generation = generation + 1, ended_at = ?, reason = ?, ended_by = ?`},
		{&p.bumpedEveryone, `SELECT generation FROM signedin_everyone FOR UPDATE`},

		{&p.moveDue, `UPDATE ` + mysqlIDs + ` SET s.due_at = ` + expiry + ` WHERE ` + expiry + ` > ?`},
		{&p.expired, `SELECT s.id, s.user_id FROM ` + mysqlIDs + ` WHERE ` + expiry + ` <= ? AND {writable} FOR UPDATE {of s}`},
		{&p.endDue, `UPDATE (SELECT ? AS reason, ? AS ended_by) e STRAIGHT_JOIN ` + mysqlIDs + `
			SET s.ended_at = ` + expiry + `, s.reason = e.reason, s.ended_by = e.ended_by, ` + mysqlEnding},

		{&p.reduce, `UPDATE ` + mysqlIDs + ` SET ` + remnant},
		{&p.removeRemnants, `DELETE s FROM ` + mysqlIDs + ` WHERE s.user_id = ''`},
		{&p.settled, `SELECT u.user_id FROM ` + mysqlTexts + ` WHERE u.bumped_at IS NULL FOR UPDATE {of u} SKIP LOCKED`},
		// Not by a subquery: of one in an UPDATE or DELETE the rows are locked.
		{&p.occupied, `SELECT u.user_id FROM ` + mysqlTexts + `
			WHERE EXISTS (SELECT 1 FROM signedin_sessions s WHERE s.user_id = u.user_id)`},
		{&p.settle, `UPDATE ` + mysqlTexts + ` SET u.bumped_at = NULL`},
		{&p.forget, `DELETE u FROM ` + mysqlTexts},
	}
}

// mysqlVisit is how encodeTouches is read.
const mysqlVisit = `id CHAR(32) PATH '$.id' ERROR ON ERROR, at BIGINT PATH '$.at' ERROR ON ERROR, gen BIGINT PATH '$.gen' ERROR ON ERROR,
	ip TEXT CHARACTER SET utf8mb4 PATH '$.ip' ERROR ON ERROR, network TEXT CHARACTER SET utf8mb4 PATH '$.network' ERROR ON ERROR,
	country TEXT CHARACTER SET utf8mb4 PATH '$.country' ERROR ON ERROR, city TEXT CHARACTER SET utf8mb4 PATH '$.city' ERROR ON ERROR,
	kind TEXT CHARACTER SET utf8mb4 PATH '$.kind' ERROR ON ERROR, browser TEXT CHARACTER SET utf8mb4 PATH '$.browser' ERROR ON ERROR,
	os TEXT CHARACTER SET utf8mb4 PATH '$.os' ERROR ON ERROR, last MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$.last' ERROR ON ERROR`
