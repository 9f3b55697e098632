-- signedin, schema 3, for PostgreSQL 12 or later: sign-outs of any number of
-- sessions. It may be run by hand, as it is: running it again does no harm.

INSERT INTO signedin_schema (version, needs, done)
SELECT 3, 1, 0 WHERE NOT EXISTS (SELECT 1 FROM signedin_schema WHERE version = 3);

-- How a counter was bumped, of a user or, with user_id '', of all, until every
-- session that this ended is marked as ended itself.
CREATE TABLE IF NOT EXISTS signedin_bumps (
	user_id           TEXT NOT NULL,
	generation        BIGINT NOT NULL, -- the counter after it
	global_generation BIGINT NOT NULL, -- of all users, at the time
	ended_at          BIGINT NOT NULL,
	reason            TEXT NOT NULL,
	ended_by          TEXT NOT NULL,
	kept              BYTEA, -- the session that stayed, if one did
	PRIMARY KEY (user_id, generation)
);

CREATE INDEX IF NOT EXISTS signedin_sessions_live ON signedin_sessions (user_id, user_generation, created_at, id)
WHERE ended_at IS NULL;

-- What a page of ended sessions reads: those that are marked, and those that a
-- bump has ended and that are not marked yet, each in the order of the page.
CREATE INDEX IF NOT EXISTS signedin_sessions_past ON signedin_sessions (user_id, ended_at, id)
WHERE ended_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS signedin_sessions_unmarked ON signedin_sessions (user_id, user_generation, id)
WHERE ended_at IS NULL;

UPDATE signedin_schema SET done = 1 WHERE version = 3;
