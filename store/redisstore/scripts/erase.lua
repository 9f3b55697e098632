-- Bumps a user's counter, by which all of the user's sessions are dead, and
-- returns the ids of all of them, to be deleted. The profile goes at once.
-- KEYS: user, live, ended, bumped, profile
-- ARGV: op, owner, now
if redis.call('HGET', KEYS[1], 'op') ~= ARGV[1] then
  redis.call('ZREM', KEYS[4], ARGV[2]) -- allowed when memory is full, and then the rest is
  redis.call('HINCRBY', KEYS[1], 'generation', 1)
  redis.call('HSET', KEYS[1], 'bumped_at', ARGV[3], 'op', ARGV[1])
  redis.call('ZADD', KEYS[4], ARGV[3], ARGV[2])
end
redis.call('DEL', KEYS[5])
local ids = redis.call('ZRANGE', KEYS[2], 0, -1)
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do ids[#ids + 1] = id end
return ids
