-- Deletes sessions of a shard, and the counters of users of whom nothing is
-- left; returns how many.
-- KEYS: due, over, bumped, then of each session, user, live, ended
-- ARGV: the time before which they have ended and counters were bumped, '' for
--   whatever their state and no counters; then of each member, id, owner
local before = tonumber(ARGV[1])
local deleted = 0

local function forget(k, owner)
  if redis.call('ZCARD', KEYS[k + 2]) + redis.call('ZCARD', KEYS[k + 3]) > 0 then return end
  local bumped = redis.call('HGET', KEYS[k + 1], 'bumped_at')
  if bumped and tonumber(bumped) < before then
    redis.call('DEL', KEYS[k + 1])
    redis.call('ZREM', KEYS[3], owner)
  end
end

for i = 0, (#KEYS - 3) / 4 - 1 do
  local k, member, id, owner = 4 + 4 * i, ARGV[2 + 3 * i], ARGV[3 + 3 * i], ARGV[4 + 3 * i]
  local ended = redis.call('ZSCORE', KEYS[2], member)
  if not before or ended and tonumber(ended) < before then
    deleted = deleted + redis.call('DEL', KEYS[k])
    redis.call('ZREM', KEYS[1], member)
    redis.call('ZREM', KEYS[2], member)
    redis.call('ZREM', KEYS[k + 2], id)
    redis.call('ZREM', KEYS[k + 3], id)
    if before then forget(k, owner) end
  end
end
return deleted
