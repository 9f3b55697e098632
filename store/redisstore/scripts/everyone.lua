-- Takes over the global counter in a shard: from now on every session of
-- before is dead there.
-- KEYS: everyone
-- ARGV: generation, at, reason, by
local old = redis.call('HGET', KEYS[1], 'generation') or '0'
if tonumber(old) < tonumber(ARGV[1]) then
  redis.call('HDEL', KEYS[1], 'ended_at') -- allowed when memory is full, and then the rest is
  local how = cjson.encode({at = ARGV[2], reason = ARGV[3], by = ARGV[4]})
  -- What was bumped meanwhile and not taken over here is taken over as this.
  for n = tonumber(old) + 1, tonumber(ARGV[1]) do redis.call('HSET', KEYS[1], 'bump:' .. text(n), how) end
  redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'ended_at', ARGV[2], 'reason', ARGV[3], 'ended_by', ARGV[4])
end
return 'ok'
