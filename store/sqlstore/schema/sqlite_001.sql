-- signedin, schema 1, for SQLite 3.41 or later.
--
-- sqlstore.Migrate runs this. It may also be run by hand, as it is: running it
-- again does no harm. Times are milliseconds since 1970, UTC.

-- Migrations only add, and a program works on a newer schema than it knows if
-- it knows the one that this needs.
CREATE TABLE IF NOT EXISTS signedin_schema (
	version INTEGER NOT NULL PRIMARY KEY,
	needs   INTEGER NOT NULL,
	done    INTEGER NOT NULL
) STRICT;

INSERT INTO signedin_schema (version, needs, done)
SELECT 1, 1, 0 WHERE NOT EXISTS (SELECT 1 FROM signedin_schema WHERE version = 1);

-- The counter of all users, and how it was last bumped.
CREATE TABLE IF NOT EXISTS signedin_everyone (
	id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
	generation INTEGER NOT NULL,
	ended_at   INTEGER NOT NULL DEFAULT 0,
	reason     TEXT NOT NULL DEFAULT '',
	ended_by   TEXT NOT NULL DEFAULT ''
) STRICT;

INSERT INTO signedin_everyone (id, generation)
SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM signedin_everyone);

-- A user's counter; a user without a row has 0.
CREATE TABLE IF NOT EXISTS signedin_users (
	user_id    TEXT NOT NULL PRIMARY KEY,
	generation INTEGER NOT NULL,
	bumped_at  INTEGER -- NULL once it is so long ago that it does not matter
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS signedin_users_bumped ON signedin_users (bumped_at);

-- What is remembered of a user: known devices and habits, sealed.
CREATE TABLE IF NOT EXISTS signedin_profiles (
	user_id TEXT NOT NULL PRIMARY KEY,
	profile BLOB NOT NULL,
	version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS signedin_sessions (
	id      BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
	user_id TEXT NOT NULL,
	carrier TEXT NOT NULL,
	name    TEXT NOT NULL,

	-- the sign-in
	created_at INTEGER NOT NULL,
	created_ip TEXT NOT NULL, -- '' once the session has ended
	created    TEXT NOT NULL, -- JSON: device and place

	-- the latest visit
	last_at     INTEGER NOT NULL,
	ip          TEXT NOT NULL, -- '' once the session has ended
	network     TEXT NOT NULL,
	country     TEXT NOT NULL, -- ISO 3166-1 alpha-2
	city        TEXT NOT NULL,
	device_kind TEXT NOT NULL,
	browser     TEXT NOT NULL,
	os          TEXT NOT NULL,
	last        TEXT NOT NULL, -- JSON: device and place

	expires_at INTEGER NOT NULL,
	idle_ms    INTEGER NOT NULL,
	due_at     INTEGER, -- when to look whether it has expired; NULL once ended

	ended_at INTEGER, -- NULL while live
	reason   TEXT NOT NULL DEFAULT '',
	ended_by TEXT NOT NULL DEFAULT '',

	user_generation   INTEGER NOT NULL,
	global_generation INTEGER NOT NULL,
	version           INTEGER NOT NULL,

	data TEXT NOT NULL -- JSON: secrets (hashes only), signals, attributes
) STRICT;

CREATE INDEX IF NOT EXISTS signedin_sessions_user ON signedin_sessions (user_id);
CREATE INDEX IF NOT EXISTS signedin_sessions_due ON signedin_sessions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS signedin_sessions_ended ON signedin_sessions (ended_at) WHERE ended_at IS NOT NULL;

-- What other processes that keep copies have to hear of: they ask. An entry is
-- deleted some minutes after a purge has seen it.
CREATE TABLE IF NOT EXISTS signedin_log (
	number  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- never used twice
	notice  TEXT NOT NULL, -- JSON: IDs of sessions ended and changed
	seen_at INTEGER -- NULL until a purge has seen it
) STRICT;

CREATE INDEX IF NOT EXISTS signedin_log_seen ON signedin_log (seen_at);

UPDATE signedin_schema SET done = 1 WHERE version = 1;
