-- Lists sessions of a user, latest first: each as its id and its fields. It
-- makes the keys of the sessions itself; all are in the slot of the others.
-- KEYS: user, everyone, index
-- ARGV: start of a session's key, 'live' or 'ended', score and id after which
--   it begins ('' for none), limit (0 for none), 'latest' or 'oldest' first
local g, e = generations(KEYS[1], KEYS[2])
local fields = {{fields}}
local place = {}
for i, name in ipairs(fields) do place[name] = i end

local function asked_for(r)
  if r.err then return true end -- it cannot be decoded: to be reported
  local here = false
  for i = 1, #fields do here = here or r[i] end
  local function is(name, current) return not r[place[name]] or r[place[name]] == current end
  return here and (ARGV[2] == 'ended'
    or not r[place.ended_at] and is('user_generation', g) and is('global_generation', e))
end

local oldest = ARGV[6] == 'oldest'
local found, limit, size = {}, tonumber(ARGV[5]), 100
for offset = 0, math.huge, size do
  local page
  if oldest then
    page = redis.call('ZRANGEBYSCORE', KEYS[3], ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', offset, size)
  else
    page = redis.call('ZREVRANGEBYSCORE', KEYS[3], ARGV[3], '-inf', 'WITHSCORES', 'LIMIT', offset, size)
  end
  for i = 1, #page, 2 do
    local id = page[i]
    if ARGV[4] == '' or tonumber(page[i + 1]) ~= tonumber(ARGV[3]) or (oldest and id > ARGV[4] or not oldest and id < ARGV[4]) then
      local r = redis.pcall('HMGET', ARGV[1] .. id, unpack(fields))
      if asked_for(r) then found[#found + 1] = {id, r.err or r} end
      if #found == limit then return found end
    end
  end
  if #page < 2 * size then return found end
end
