-- Bumps a user's counter and ends all of the user's live sessions but the one
-- to keep. It returns 'ok' and the ids of those that were live until now; or
-- 'unknown', 'corrupt', 'ended' or 'conflict' if that one cannot be kept; or
-- 'again' and the ids of all live sessions, if KEYS does not name them all. So
-- it touches no key that is not in KEYS, unless it was told to.
-- KEYS: user, everyone, live, ended, due, over, bumped, then the sessions
-- ARGV: op, user, owner, at, reason, by, start of a session's key, '1' not to
--   insist on KEYS, and of the session to keep its id ('' for none), version,
--   next version, data, expires, idle
local op, user, owner, start, keep_id = ARGV[1], ARGV[2], ARGV[3], ARGV[7], ARGV[9]
local keys = {live = KEYS[3], ended = KEYS[4], due = KEYS[5], over = KEYS[6]}
local ending = {at = ARGV[4], reason = ARGV[5], by = ARGV[6]}
local g, e = generations(KEYS[1], KEYS[2])

local told = {'ok'}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', keys.ended, ending.at, ending.at)) do
  local s = load(start .. id)
  if s and s.ended_op == op then told[#told + 1] = id end
end
if #told > 1 or redis.call('HGET', KEYS[1], 'op') == op then -- done already
  table.insert(told, 2, g)
  return told
end

local declared = {}
for i = 8, #KEYS do declared[KEYS[i]] = true end
local ids = redis.call('ZRANGE', keys.live, 0, -1)
for _, id in ipairs(ids) do
  if not declared[start .. id] and ARGV[8] ~= '1' then
    table.insert(ids, 1, 'again')
    return ids
  end
end

local keep
if keep_id ~= '' then
  local broken
  keep, broken = load(start .. keep_id)
  if broken then return {'corrupt'} end
  if not keep or keep.user ~= user then return {'unknown'} end
  if not is_live(keep, g, e) then return {'ended'} end
  if keep.version ~= ARGV[10] then return {'conflict'} end
end

local found = {}
for _, id in ipairs(ids) do
  local s = load(start .. id)
  if id ~= keep_id and is_live(s, g, e) then
    found[id], told[#told + 1] = s, id
  end
end

-- The counter first, but for a deletion: it is allowed when memory is full, and
-- then so is the rest.
redis.call('ZREM', KEYS[7], owner)
redis.call('HINCRBY', KEYS[1], 'generation', 1)
redis.call('HSET', KEYS[1], 'bumped_at', ending.at, 'op', op)
redis.call('ZADD', KEYS[7], ending.at, owner)
if keep then
  redis.call('HSET', keep.key, 'op', op, 'version', ARGV[11], 'data', ARGV[12], 'expires_at', ARGV[13], 'idle_ms', ARGV[14],
    'user_generation', redis.call('HGET', KEYS[1], 'generation'))
  redis.call('ZADD', keys.due, text(expiry(tonumber(ARGV[13]), keep.last_at, tonumber(ARGV[14]))), owner .. ':' .. keep_id)
end
for id, s in pairs(found) do finish(s, id, owner .. ':' .. id, keys, ending, op) end
table.insert(told, 2, redis.call('HGET', KEYS[1], 'generation'))
return told
