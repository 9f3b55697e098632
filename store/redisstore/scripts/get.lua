-- Reads a session and the current generations of its user as of one moment, and
-- when, why and by whom it was ended, if that was by a bump and it is not marked.
-- KEYS: session, user, everyone, bumps
local r = redis.pcall('HMGET', KEYS[1], {fields})
local g, e = generations(KEYS[2], KEYS[3])
local s = load(KEYS[1])
local how = s and not s.ended_at and not is_live(s, g, e) and ended_by(s, g, e, KEYS[4], KEYS[3])
return {r.err or r, g, e, how and how.at or '', how and how.reason or '', how and how.by or ''}
