-- Replaces a user's profile, if it has the version that was read: 'ok' or
-- 'conflict'.
-- KEYS: profile
-- ARGV: op, version, next version, blob
local found = redis.call('HMGET', KEYS[1], 'version', 'op')
if found[2] == ARGV[1] then return 'ok' end
if (found[1] or '0') ~= ARGV[2] then return 'conflict' end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'blob', ARGV[4], 'op', ARGV[1])
return 'ok'
