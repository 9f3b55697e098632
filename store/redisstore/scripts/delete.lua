-- Deletes sessions of a shard, and the counters of users of whom nothing is
-- left; returns how many.
-- KEYS: due, over, bumped, then of each session, user, live, ended, bumps
-- ARGV: the time before which they have ended, '' for whatever their state and no
--   counters; the one before which counters were bumped; then of each member, id,
--   owner
local before, bumped_before = tonumber(ARGV[1]), tonumber(ARGV[2])
local deleted = 0

local function forget(k, owner)
  if redis.call('ZCARD', KEYS[k + 2]) + redis.call('ZCARD', KEYS[k + 3]) + redis.call('HLEN', KEYS[k + 4]) > 0 then return end
  local bumped = redis.call('HGET', KEYS[k + 1], 'bumped_at')
  if bumped and tonumber(bumped) < bumped_before then
    redis.call('DEL', KEYS[k + 1])
    redis.call('ZREM', KEYS[3], owner)
  end
end

for i = 0, (#KEYS - 3) / 5 - 1 do
  local k, member, id, owner = 4 + 5 * i, ARGV[3 + 3 * i], ARGV[4 + 3 * i], ARGV[5 + 3 * i]
  local ended = redis.call('ZSCORE', KEYS[2], member)
  if not before or ended and tonumber(ended) < before then
    local under = redis.pcall('HGET', KEYS[k], 'user_generation')
    if type(under) == 'string' and tonumber(under) then redis.call('ZREM', KEYS[k + 4] .. ':' .. above(under), id) end
    deleted = deleted + redis.call('DEL', KEYS[k])
    redis.call('ZREM', KEYS[1], member)
    redis.call('ZREM', KEYS[2], member)
    redis.call('ZREM', KEYS[k + 2], id)
    redis.call('ZREM', KEYS[k + 3], id)
    if before then forget(k, owner) end
  end
end
return deleted
