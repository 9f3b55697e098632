-- Writes the latest visits of sessions that are live.
-- KEYS: of each session, user, everyone
-- ARGV: of each at, address, the rest
local current = {} -- the counters, each read once

local function generation(key)
  current[key] = current[key] or redis.call('HGET', key, 'generation') or '0'
  return current[key]
end

for i = 1, #KEYS, 3 do
  local s = redis.pcall('HMGET', KEYS[i], 'last_at', 'user_generation', 'global_generation', 'ended_at')
  local before = tonumber(s[1] or '')
  if before and before < tonumber(ARGV[i]) and not s[4]
    and s[2] == generation(KEYS[i + 1]) and s[3] == generation(KEYS[i + 2]) then
    redis.call('HSET', KEYS[i], 'last_at', ARGV[i], 'last_ip', ARGV[i + 1], 'last', ARGV[i + 2])
  end
end
return 'ok'
