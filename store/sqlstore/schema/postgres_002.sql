-- signedin, schema 2, for PostgreSQL 12 or later: sign-outs by identity
-- providers. It may be run by hand, as it is: running it again does no harm.

INSERT INTO signedin_schema (version, needs, done)
SELECT 2, 1, 0 WHERE NOT EXISTS (SELECT 1 FROM signedin_schema WHERE version = 2);

-- Which sessions an identity provider ends by one message. Keys are hashes.
CREATE TABLE IF NOT EXISTS signedin_issued (
	issuer_key BYTEA NOT NULL,
	session_id BYTEA NOT NULL,
	kept_until BIGINT NOT NULL,
	PRIMARY KEY (issuer_key, session_id)
);

CREATE INDEX IF NOT EXISTS signedin_issued_session ON signedin_issued (session_id);
CREATE INDEX IF NOT EXISTS signedin_issued_kept ON signedin_issued (kept_until);

-- How often one has; a key without a row has 0.
CREATE TABLE IF NOT EXISTS signedin_issuers (
	issuer_key BYTEA NOT NULL PRIMARY KEY,
	counter    BIGINT NOT NULL,
	kept_until BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS signedin_issuers_kept ON signedin_issuers (kept_until);

UPDATE signedin_schema SET done = 1 WHERE version = 2;
