-- Deletes the name of a session's owner, unless it is another's.
-- KEYS: owner
-- ARGV: owner
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
