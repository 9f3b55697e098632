-- Inserts a session: 'ok', 'exists' (also 'alive', if it is this user's and
-- live) or 'outdated'.
-- KEYS: session, user, everyone, live, due
-- ARGV: op, id, member, user, user generation, global generation, created,
--   due, then fields and values
local op, id, member, user = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local s, broken = load(KEYS[1])
local g, e = generations(KEYS[2], KEYS[3])
if s and s.op == op then return 'ok' end
if s and s.user == user and is_live(s, g, e) then return 'alive' end
if s or broken then return 'exists' end
if ARGV[5] ~= g or ARGV[6] ~= e then return 'outdated' end
redis.call('HSET', KEYS[1], 'op', op, unpack(ARGV, 9))
redis.call('ZADD', KEYS[4], ARGV[7], id)
redis.call('ZADD', KEYS[5], ARGV[8], member)
return 'ok'
