-- Deletes the counters that were bumped long ago, of users of whom nothing else
-- is left. The others go with the last session of their user.
-- KEYS: bumped, then of each user, live, ended, bumps
-- ARGV: before, then of each owner
local before = tonumber(ARGV[1])
for i = 0, (#KEYS - 1) / 4 - 1 do
  local k, owner = 2 + 4 * i, ARGV[2 + i]
  local bumped = redis.call('ZSCORE', KEYS[1], owner)
  if bumped and tonumber(bumped) < before and redis.call('HLEN', KEYS[k + 3]) == 0 then
    redis.call('ZREM', KEYS[1], owner)
    if redis.call('ZCARD', KEYS[k + 1]) + redis.call('ZCARD', KEYS[k + 2]) == 0 then redis.call('DEL', KEYS[k]) end
  end
end
return 'ok'
