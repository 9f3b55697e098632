-- Bumps a user's counter, by which all of the user's sessions are dead, to be
-- deleted. The profile goes at once.
-- KEYS: user, live, everyone, bumped, profile, bumps, marks
-- ARGV: op, owner, now
if redis.call('HGET', KEYS[1], 'op') ~= ARGV[1] then
  redis.call('ZREM', KEYS[4], ARGV[2]) -- allowed when memory is full, and then the rest is
  redis.call('HINCRBY', KEYS[1], 'generation', 1)
  redis.call('HSET', KEYS[1], 'bumped_at', ARGV[3], 'op', ARGV[1])
  redis.call('ZADD', KEYS[4], ARGV[3], ARGV[2])
  if redis.call('EXISTS', KEYS[2]) == 1 then
    local g, e = generations(KEYS[1], KEYS[3])
    redis.call('HSET', KEYS[6], g, cjson.encode({at = ARGV[3], reason = 'erased', by = 'system', global = e}))
    redis.call('RENAME', KEYS[2], KEYS[6] .. ':' .. g)
    redis.call('ZADD', KEYS[7], ARGV[3], ARGV[2])
  end
end
redis.call('DEL', KEYS[5])
return 'ok'
