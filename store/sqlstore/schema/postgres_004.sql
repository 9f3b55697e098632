-- signedin, schema 4, for PostgreSQL 12 or later: keys of devices. It may be run
-- by hand, as it is: running it again does no harm.

INSERT INTO signedin_schema (version, needs, done)
SELECT 4, 1, 0 WHERE NOT EXISTS (SELECT 1 FROM signedin_schema WHERE version = 4);

-- JSON: the public key that the session is bound to; NULL if there is none. It is
-- no part of data, which programs that do not know it write anew.
ALTER TABLE signedin_sessions ADD COLUMN IF NOT EXISTS bound TEXT;

UPDATE signedin_schema SET done = 1 WHERE version = 4;
