-- signedin, schema 3, for MySQL and MariaDB: sign-outs of any number of
-- sessions. It may be run by hand, as it is: running it again does no harm, also
-- after it was interrupted.

INSERT INTO signedin_schema (version, needs, done)
SELECT 3, 1, 0 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM signedin_schema WHERE version = 3);

-- How a counter was bumped, of a user or, with user_id '', of all, until every
-- session that this ended is marked as ended itself.
CREATE TABLE IF NOT EXISTS signedin_bumps (
	user_id           VARBINARY(255) NOT NULL,
	generation        BIGINT NOT NULL, -- the counter after it
	global_generation BIGINT NOT NULL, -- of all users, at the time
	ended_at          BIGINT NOT NULL,
	reason            VARCHAR(255) NOT NULL,
	ended_by          VARCHAR(255) NOT NULL,
	kept              BINARY(16), -- the session that stayed, if one did
	PRIMARY KEY (user_id, generation)
) ENGINE = InnoDB, DEFAULT CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;

UPDATE signedin_schema SET done = 1 WHERE version = 3;
