-- signedin, schema 1, for MySQL 8.0.19 or later and MariaDB 10.6.1 or later.
--
-- sqlstore.Migrate runs this. It may also be run by hand, as it is: running it
-- again does no harm, also after it was interrupted. Times are milliseconds
-- since 1970, UTC. User IDs are bytes: of text, every collation would take some
-- for the same that are not.

-- Migrations only add, and a program works on a newer schema than it knows if
-- it knows the one that this needs.
CREATE TABLE IF NOT EXISTS signedin_schema (
	version BIGINT NOT NULL PRIMARY KEY,
	needs   BIGINT NOT NULL,
	done    BIGINT NOT NULL
) ENGINE = InnoDB;

INSERT INTO signedin_schema (version, needs, done)
SELECT 1, 1, 0 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM signedin_schema WHERE version = 1);

-- The counter of all users, and how it was last bumped.
CREATE TABLE IF NOT EXISTS signedin_everyone (
	id         BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
	generation BIGINT NOT NULL,
	ended_at   BIGINT NOT NULL,
	reason     VARCHAR(255) NOT NULL,
	ended_by   VARCHAR(255) NOT NULL
) ENGINE = InnoDB, DEFAULT CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;

INSERT INTO signedin_everyone (id, generation, ended_at, reason, ended_by)
SELECT 1, 0, 0, '', '' FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM signedin_everyone);

-- A user's counter; a user without a row has 0. The row is what a sign-in
-- locks, so that none overtakes a revocation of all.
CREATE TABLE IF NOT EXISTS signedin_users (
	user_id    VARBINARY(255) NOT NULL PRIMARY KEY,
	generation BIGINT NOT NULL,
	bumped_at  BIGINT, -- NULL once it is so long ago that it does not matter
	INDEX signedin_users_bumped (bumped_at)
) ENGINE = InnoDB;

-- What is remembered of a user: known devices and habits, sealed.
CREATE TABLE IF NOT EXISTS signedin_profiles (
	user_id VARBINARY(255) NOT NULL PRIMARY KEY,
	profile LONGBLOB NOT NULL,
	version BIGINT NOT NULL
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS signedin_sessions (
	id      BINARY(16) NOT NULL PRIMARY KEY,
	user_id VARBINARY(255) NOT NULL,
	carrier VARCHAR(255) NOT NULL,
	name    TEXT NOT NULL,

	-- the sign-in
	created_at BIGINT NOT NULL,
	created_ip VARCHAR(255) NOT NULL, -- '' once the session has ended
	created    MEDIUMTEXT NOT NULL, -- JSON: device and place

	-- the latest visit
	last_at     BIGINT NOT NULL,
	ip          VARCHAR(255) NOT NULL, -- '' once the session has ended
	network     VARCHAR(255) NOT NULL,
	country     TEXT NOT NULL, -- ISO 3166-1 alpha-2
	city        TEXT NOT NULL,
	device_kind TEXT NOT NULL,
	browser     TEXT NOT NULL,
	os          TEXT NOT NULL,
	last        MEDIUMTEXT NOT NULL, -- JSON: device and place

	expires_at BIGINT NOT NULL,
	idle_ms    BIGINT NOT NULL,
	due_at     BIGINT, -- when to look whether it has expired; NULL once ended

	ended_at BIGINT, -- NULL while live
	reason   VARCHAR(255) NOT NULL,
	ended_by VARCHAR(255) NOT NULL,

	user_generation   BIGINT NOT NULL,
	global_generation BIGINT NOT NULL,
	version           BIGINT NOT NULL,

	data LONGTEXT NOT NULL, -- JSON: secrets (hashes only), signals, attributes

	INDEX signedin_sessions_user (user_id),
	INDEX signedin_sessions_due (due_at),
	INDEX signedin_sessions_ended (ended_at)
) ENGINE = InnoDB, DEFAULT CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;

-- What other processes that keep copies have to hear of: they ask. An entry is
-- deleted some minutes after a purge has seen it.
CREATE TABLE IF NOT EXISTS signedin_log (
	number  BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
	notice  MEDIUMTEXT NOT NULL, -- JSON: IDs of sessions ended and changed
	seen_at BIGINT, -- NULL until a purge has seen it
	INDEX signedin_log_seen (seen_at)
) ENGINE = InnoDB, DEFAULT CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;

UPDATE signedin_schema SET done = 1 WHERE version = 1;
