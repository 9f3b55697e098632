-- Takes back what create.lua has stored.
-- KEYS: session, live, due
-- ARGV: op, id, member
local s = load(KEYS[1])
if s and s.op == ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[2])
  redis.call('ZREM', KEYS[3], ARGV[3])
end
return 'ok'
