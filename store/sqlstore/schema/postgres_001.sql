-- signedin, schema 1, for PostgreSQL 12 or later.
--
-- sqlstore.Migrate runs this. It may also be run by hand, as it is: running it
-- again does no harm. Times are milliseconds since 1970, UTC.

-- Migrations only add, and a program works on a newer schema than it knows if
-- it knows the one that this needs.
CREATE TABLE IF NOT EXISTS signedin_schema (
	version BIGINT NOT NULL PRIMARY KEY,
	needs   BIGINT NOT NULL,
	done    BIGINT NOT NULL
);

INSERT INTO signedin_schema (version, needs, done)
SELECT 1, 1, 0 WHERE NOT EXISTS (SELECT 1 FROM signedin_schema WHERE version = 1);

-- The counter of all users, and how it was last bumped.
CREATE TABLE IF NOT EXISTS signedin_everyone (
	id         BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
	generation BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL DEFAULT 0,
	reason     TEXT NOT NULL DEFAULT '',
	ended_by   TEXT NOT NULL DEFAULT ''
);

INSERT INTO signedin_everyone (id, generation)
SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM signedin_everyone);

-- A user's counter; a user without a row has 0. The row is what a sign-in
-- locks, so that none overtakes a revocation of all.
CREATE TABLE IF NOT EXISTS signedin_users (
	user_id    TEXT NOT NULL PRIMARY KEY,
	generation BIGINT NOT NULL,
	bumped_at  BIGINT -- NULL once it is so long ago that it does not matter
);

CREATE INDEX IF NOT EXISTS signedin_users_bumped ON signedin_users (bumped_at);

-- What is remembered of a user: known devices and habits, sealed.
CREATE TABLE IF NOT EXISTS signedin_profiles (
	user_id TEXT NOT NULL PRIMARY KEY,
	profile BYTEA NOT NULL,
	version BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS signedin_sessions (
	id      BYTEA NOT NULL PRIMARY KEY CHECK (length(id) = 16),
	user_id TEXT NOT NULL,
	carrier TEXT NOT NULL,
	name    TEXT NOT NULL,

	-- the sign-in
	created_at BIGINT NOT NULL,
	created_ip TEXT NOT NULL, -- '' once the session has ended
	created    TEXT NOT NULL, -- JSON: device and place

	-- the latest visit
	last_at     BIGINT NOT NULL,
	ip          TEXT NOT NULL, -- '' once the session has ended
	network     TEXT NOT NULL,
	country     TEXT NOT NULL, -- ISO 3166-1 alpha-2
	city        TEXT NOT NULL,
	device_kind TEXT NOT NULL,
	browser     TEXT NOT NULL,
	os          TEXT NOT NULL,
	last        TEXT NOT NULL, -- JSON: device and place

	expires_at BIGINT NOT NULL,
	idle_ms    BIGINT NOT NULL,
	due_at     BIGINT, -- when to look whether it has expired; NULL once ended

	ended_at BIGINT, -- NULL while live
	reason   TEXT NOT NULL DEFAULT '',
	ended_by TEXT NOT NULL DEFAULT '',

	user_generation   BIGINT NOT NULL,
	global_generation BIGINT NOT NULL,
	version           BIGINT NOT NULL,

	data TEXT NOT NULL -- JSON: secrets (hashes only), signals, attributes
) WITH (fillfactor = 80); -- room for a visit to be written beside its row

CREATE INDEX IF NOT EXISTS signedin_sessions_user ON signedin_sessions (user_id);
CREATE INDEX IF NOT EXISTS signedin_sessions_due ON signedin_sessions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS signedin_sessions_ended ON signedin_sessions (ended_at) WHERE ended_at IS NOT NULL;

UPDATE signedin_schema SET done = 1 WHERE version = 1;
