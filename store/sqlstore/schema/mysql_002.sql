-- signedin, schema 2, for MySQL and MariaDB: sign-outs by identity providers.
-- It may be run by hand, as it is: running it again does no harm, also after it
-- was interrupted.

INSERT INTO signedin_schema (version, needs, done)
SELECT 2, 1, 0 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM signedin_schema WHERE version = 2);

-- Which sessions an identity provider ends by one message. Keys are hashes.
CREATE TABLE IF NOT EXISTS signedin_issued (
	issuer_key BINARY(16) NOT NULL,
	session_id BINARY(16) NOT NULL,
	kept_until BIGINT NOT NULL,
	PRIMARY KEY (issuer_key, session_id),
	INDEX signedin_issued_session (session_id),
	INDEX signedin_issued_kept (kept_until)
) ENGINE = InnoDB;

-- How often one has; a key without a row has 0.
CREATE TABLE IF NOT EXISTS signedin_issuers (
	issuer_key BINARY(16) NOT NULL PRIMARY KEY,
	counter    BIGINT NOT NULL,
	kept_until BIGINT NOT NULL,
	INDEX signedin_issuers_kept (kept_until)
) ENGINE = InnoDB;

UPDATE signedin_schema SET done = 1 WHERE version = 2;
