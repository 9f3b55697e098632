-- signedin, schema 4, for MySQL and MariaDB: keys of devices, and indexes for
-- users with very many sessions. It may be run by hand, as it is: running it again
-- does no harm, also after it was interrupted.

INSERT INTO signedin_schema (version, needs, done)
SELECT 4, 1, 0 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM signedin_schema WHERE version = 4);

-- JSON: the public key that the session is bound to; NULL if there is none. It is
-- no part of data, which programs that do not know it write anew. MySQL has no
-- ADD COLUMN IF NOT EXISTS.
SET @signedin_bound = IF((SELECT count(*) FROM information_schema.columns WHERE table_schema = database()
	AND table_name = 'signedin_sessions' AND column_name = 'bound') > 0,
	'DO 0', 'ALTER TABLE signedin_sessions ADD COLUMN bound TEXT');
PREPARE signedin_bound FROM @signedin_bound;
EXECUTE signedin_bound;
DEALLOCATE PREPARE signedin_bound;

-- What a sign-out of all of a user's sessions counts, and pages of live and of ended
-- sessions read. Each index ends with the primary key.
SET @signedin_live = IF((SELECT count(*) FROM information_schema.statistics WHERE table_schema = database()
	AND table_name = 'signedin_sessions' AND index_name = 'signedin_sessions_live') > 0, 'DO 0',
	'ALTER TABLE signedin_sessions ADD INDEX signedin_sessions_live (user_id, user_generation, ended_at, global_generation, created_at)');
PREPARE signedin_live FROM @signedin_live;
EXECUTE signedin_live;
DEALLOCATE PREPARE signedin_live;
SET @signedin_past = IF((SELECT count(*) FROM information_schema.statistics WHERE table_schema = database()
	AND table_name = 'signedin_sessions' AND index_name = 'signedin_sessions_past') > 0, 'DO 0',
	'ALTER TABLE signedin_sessions ADD INDEX signedin_sessions_past (user_id, ended_at)');
PREPARE signedin_past FROM @signedin_past;
EXECUTE signedin_past;
DEALLOCATE PREPARE signedin_past;

UPDATE signedin_schema SET done = 1 WHERE version = 4;
