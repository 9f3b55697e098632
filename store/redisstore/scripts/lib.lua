-- This stands before every script. A script reads everything that it decides
-- by before its first write: Redis does not roll back.
--
-- An op names one call of a method. What was written with the op of this call
-- was written by it: go-redis has sent it again, since the answer got lost.

-- load returns what scripts look at of a session. If there is none it returns
-- nil; if what is there is no whole session, nil and true.
local function load(key)
  local r = redis.pcall('HMGET', key, 'user', 'user_generation', 'global_generation', 'version',
    'last_at', 'idle_ms', 'expires_at', 'ended_at', 'op', 'ended_op')
  if r.err then return nil, true end
  local s = {key = key, user = r[1], user_generation = r[2], global_generation = r[3], version = r[4],
    last_at = tonumber(r[5] or ''), idle_ms = tonumber(r[6] or ''), expires_at = tonumber(r[7] or ''),
    ended_at = r[8], op = r[9], ended_op = r[10]}
  if s.user and s.user_generation and s.global_generation and s.version
    and s.last_at and s.idle_ms and s.expires_at then
    return s
  end
  return nil, redis.call('EXISTS', key) == 1
end

-- generations returns the current counters, as text: as numbers they would be
-- exact up to 2^53 only.
local function generations(user, everyone)
  return redis.call('HGET', user, 'generation') or '0', redis.call('HGET', everyone, 'generation') or '0'
end

local function is_live(s, g, e)
  return s and not s.ended_at and s.user_generation == g and s.global_generation == e
end

-- expiry returns when a session expires. Times are milliseconds, exact as
-- doubles until the year 287396.
local function expiry(expires_at, last_at, idle_ms)
  return math.min(expires_at, last_at + idle_ms)
end

local function text(n) return string.format('%.0f', n) end

-- bind writes the key of a session's device, '' for none.
local function bind(key, bound)
  if bound == '' then
    redis.call('HDEL', key, 'bound')
  else
    redis.call('HSET', key, 'bound', bound)
  end
end

-- above returns the counter that comes after n; as text, and of text.
local function above(n) return text(tonumber(n) + 1) end

-- bump returns how a counter was bumped to n, nil if that is not kept.
local function bump(key, n)
  local r = redis.call('HGET', key, n)
  return r and cjson.decode(r)
end

-- ended_by returns the ending of the bump that came first of those that ended a
-- session, nil if it is not kept.
local function ended_by(s, g, e, bumps, everyone)
  local own = s.user_generation ~= g and bump(bumps, above(s.user_generation)) or nil
  local all
  if s.global_generation ~= e then
    all = bump(everyone, 'bump:' .. above(s.global_generation))
    if not all then -- of an older version, which keeps the last
      local r = redis.call('HMGET', everyone, 'ended_at', 'reason', 'ended_by')
      all = r[1] and {at = r[1], reason = r[2], by = r[3]} or nil
    end
  end
  if own and (not all or tonumber(own.global) <= tonumber(s.global_generation)) then return own end
  return all
end

-- finish ends a session. What deletes comes first: Redis allows it when memory
-- is full, and then allows the rest of the script as well.
local function finish(s, id, member, keys, ending, op)
  redis.call('HDEL', s.key, 'first_ip', 'last_ip')
  redis.call('ZREM', keys.live, id)
  if keys.bumps then redis.call('ZREM', keys.bumps .. ':' .. above(s.user_generation), id) end
  redis.call('ZREM', keys.due, member)
  redis.call('HSET', s.key, 'ended_at', ending.at, 'reason', ending.reason, 'ended_by', ending.by, 'ended_op', op)
  redis.call('ZADD', keys.ended, ending.at, id)
  redis.call('ZADD', keys.over, ending.at, member)
end
