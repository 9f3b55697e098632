-- Looks at sessions of a shard: ends those that have expired, marks those as
-- ended that are dead without a mark, and puts the others off until they are
-- due. It returns the numbers of those that expired.
-- KEYS: everyone, due, over, then of each session, user, live, ended, bumps
-- ARGV: op, now, then of each member, id
local op, now = ARGV[1], tonumber(ARGV[2])

-- verdict returns what is to be done, and the ending if it is to end.
local function verdict(s, user, bumps)
  local g, e = generations(user, KEYS[1])
  if is_live(s, g, e) then
    local due = expiry(s.expires_at, s.last_at, s.idle_ms)
    if due > now then return 'later', due end
    return 'expired', {at = text(due), reason = 'expired', by = 'system'}
  end
  local how = ended_by(s, g, e, bumps, KEYS[1])
  if how then return 'dead', how end
  -- Only an erasure by an older version leaves this behind, if it was cut short.
  local at = redis.call('HGET', user, 'bumped_at') or text(s.last_at)
  return 'dead', {at = at, reason = 'erased', by = 'system'}
end

local function visit(k, a)
  local member, id = ARGV[a], ARGV[a + 1]
  local keys = {live = KEYS[k + 2], ended = KEYS[k + 3], due = KEYS[2], over = KEYS[3], bumps = KEYS[k + 4]}
  local s, broken = load(KEYS[k])
  if not s then
    local due = redis.call('ZSCORE', keys.due, member)
    redis.call('ZREM', keys.due, member)
    if broken and due then redis.call('ZADD', keys.over, due, member) end -- to be deleted one day
    return false
  end
  if s.ended_at then
    redis.call('ZREM', keys.due, member)
    local again = s.ended_op == op and redis.call('HGET', s.key, 'reason') == 'expired' -- the answer was lost
    return again and s.user
  end
  local what, how = verdict(s, KEYS[k + 1], KEYS[k + 4])
  if what == 'later' then
    redis.call('ZADD', keys.due, text(how), member)
    return false
  end
  finish(s, id, member, keys, how, op)
  return what == 'expired' and s.user
end

redis.call('ZREM', KEYS[2], '') -- allowed when memory is full, and then the rest is
local told = {}
for i = 0, (#KEYS - 3) / 5 - 1 do
  local user = visit(4 + 5 * i, 3 + 2 * i)
  if user then
    told[#told + 1] = i
    told[#told + 1] = user
  end
end
return told
