-- Bumps a user's counter, which ends all of the user's live sessions but the
-- one to keep, and keeps the ending: it touches no other session, whose ids go
-- with the bump, to be marked. It returns 'ok', the counter and how many that
-- were; or 'unknown', 'corrupt', 'ended' or 'conflict' if the one cannot be kept.
-- KEYS: user, everyone, live, bumped, bumps, marks, due, then the session to keep
-- ARGV: op, user, owner, at, reason, by, and of the session to keep its id (''
--   for none), version, next version, data, expires, idle, bound
local op, user, owner, at, keep_id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[7]
local g, e = generations(KEYS[1], KEYS[2])
local last = redis.call('HMGET', KEYS[1], 'op', 'ended')
if last[1] == op then return {'ok', g, last[2] or '0'} end -- done already

local keep
if keep_id ~= '' then
  local broken
  keep, broken = load(KEYS[8])
  if broken then return {'corrupt'} end
  if not keep or keep.user ~= user then return {'unknown'} end
  if not is_live(keep, g, e) then return {'ended'} end
  if keep.version ~= ARGV[8] then return {'conflict'} end
end

local began = keep and redis.call('ZSCORE', KEYS[3], keep_id)
local count = redis.call('ZCARD', KEYS[3]) - (began and 1 or 0)

-- The counter first, but for a deletion: it is allowed when memory is full, and
-- then so is the rest.
redis.call('ZREM', KEYS[4], owner)
redis.call('HINCRBY', KEYS[1], 'generation', 1)
local now = redis.call('HGET', KEYS[1], 'generation')
redis.call('HSET', KEYS[1], 'bumped_at', at, 'op', op, 'ended', count)
redis.call('ZADD', KEYS[4], at, owner)
if count > 0 then
  redis.call('HSET', KEYS[5], now, cjson.encode({at = at, reason = ARGV[5], by = ARGV[6], global = e, keep = keep_id}))
  redis.call('RENAME', KEYS[3], KEYS[5] .. ':' .. now)
  redis.call('ZADD', KEYS[6], at, owner)
  if began then
    redis.call('ZREM', KEYS[5] .. ':' .. now, keep_id)
    redis.call('ZADD', KEYS[3], began, keep_id)
  end
end
if keep then
  redis.call('HSET', keep.key, 'op', op, 'version', ARGV[9], 'data', ARGV[10], 'expires_at', ARGV[11], 'idle_ms', ARGV[12],
    'user_generation', now)
  bind(keep.key, ARGV[13])
  redis.call('ZADD', KEYS[7], text(expiry(tonumber(ARGV[11]), keep.last_at, tonumber(ARGV[12]))), owner .. ':' .. keep_id)
end
return {'ok', now, text(count)}
