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
local range = oldest and 'ZRANGE' or 'ZREVRANGE'

local function is_after(id, score)
  score = tonumber(score)
  local from = tonumber(ARGV[3])
  if score ~= from then return (score > from) == oldest end
  return id ~= ARGV[4] and (id > ARGV[4]) == oldest
end

-- Where it begins is searched for by halves: of those that one revocation has
-- ended all have one score.
local begin = 0
if ARGV[4] ~= '' then
  local behind = redis.call('ZCARD', KEYS[3])
  while begin < behind do
    local middle = math.floor((begin + behind) / 2)
    local m = redis.call(range, KEYS[3], middle, middle, 'WITHSCORES')
    if is_after(m[1], m[2]) then behind = middle else begin = middle + 1 end
  end
end

local found, limit, size = {}, tonumber(ARGV[5]), 100
for offset = begin, math.huge, size do
  local page = redis.call(range, KEYS[3], offset, offset + size - 1)
  for _, id in ipairs(page) do
    local r = redis.pcall('HMGET', ARGV[1] .. id, unpack(fields))
    if asked_for(r) then found[#found + 1] = {id, r.err or r} end
    if limit > 0 and #found == limit then return found end
  end
  if #page < size then return found end
end
