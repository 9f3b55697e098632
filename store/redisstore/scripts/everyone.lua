-- Takes over the global counter in a shard: from now on every session of
-- before is dead there.
-- KEYS: everyone
-- ARGV: generation, at, reason, by
local old = redis.call('HGET', KEYS[1], 'generation') or '0'
if tonumber(old) < tonumber(ARGV[1]) then
  redis.call('HDEL', KEYS[1], 'ended_at') -- allowed when memory is full, and then the rest is
  redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'ended_at', ARGV[2], 'reason', ARGV[3], 'ended_by', ARGV[4])
end
return 'ok'
