-- Reads a session and the current generations of its user.
-- KEYS: session, user, everyone
local r = redis.pcall('HMGET', KEYS[1], {fields})
local g, e = generations(KEYS[2], KEYS[3])
return {r.err or r, g, e}
