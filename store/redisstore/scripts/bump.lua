-- Bumps the global counter and returns it.
-- KEYS: global
-- ARGV: op
if redis.call('HGET', KEYS[1], 'op') ~= ARGV[1] then
  redis.call('HDEL', KEYS[1], 'op') -- allowed when memory is full, and then the rest is
  redis.call('HINCRBY', KEYS[1], 'generation', 1)
  redis.call('HSET', KEYS[1], 'op', ARGV[1])
end
return redis.call('HGET', KEYS[1], 'generation')
