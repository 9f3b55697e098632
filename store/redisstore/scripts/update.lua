-- Writes a session that was read before: 'ok', 'unknown', 'corrupt', 'ended'
-- or 'conflict'.
-- KEYS: session, user, everyone, due
-- ARGV: op, member, version, next version, data, expires, idle,
--   bound ('' for none)
local s, broken = load(KEYS[1])
if broken then return 'corrupt' end
if not s then return 'unknown' end
if s.op == ARGV[1] and s.version == ARGV[4] then return 'ok' end
if not is_live(s, generations(KEYS[2], KEYS[3])) then return 'ended' end
if s.version ~= ARGV[3] then return 'conflict' end
redis.call('HSET', KEYS[1], 'op', ARGV[1], 'version', ARGV[4], 'data', ARGV[5], 'expires_at', ARGV[6], 'idle_ms', ARGV[7])
bind(KEYS[1], ARGV[8]) -- not first: what only deletes is allowed when memory is full
redis.call('ZADD', KEYS[4], text(expiry(tonumber(ARGV[6]), s.last_at, tonumber(ARGV[7]))), ARGV[2])
return 'ok'
