-- Marks sessions that a bump of a user's counter has ended, and forgets the bump
-- once none is left.
-- KEYS: user, everyone, live, ended, due, over, bumps, marks, the ids that go with
--   the bump, then the sessions
-- ARGV: op, owner, the counter after the bump, then the ids
local op, owner, counter = ARGV[1], ARGV[2], ARGV[3]
local keys = {live = KEYS[3], ended = KEYS[4], due = KEYS[5], over = KEYS[6], bumps = KEYS[7]}
local g, e = generations(KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[8], '') -- allowed when memory is full, and then the rest is
for i = 10, #KEYS do
  local id = ARGV[i - 6]
  local s, broken = load(KEYS[i])
  redis.call('ZREM', KEYS[9], id)
  if s and not s.ended_at and not is_live(s, g, e) then
    local how = ended_by(s, g, e, KEYS[7], KEYS[2])
    if how then finish(s, id, owner .. ':' .. id, keys, how, op) end
  elseif broken then -- to be found damaged, and deleted one day
    local due = redis.call('ZSCORE', keys.due, owner .. ':' .. id)
    local how = bump(KEYS[7], counter)
    redis.call('ZREM', keys.due, owner .. ':' .. id)
    if how then redis.call('ZADD', keys.over, due or how.at, owner .. ':' .. id) end
  end
end
if redis.call('ZCARD', KEYS[9]) == 0 then redis.call('HDEL', KEYS[7], counter) end
if redis.call('HLEN', KEYS[7]) == 0 then redis.call('ZREM', KEYS[8], owner) end
return 'ok'
