-- Reads a session and the current generations of its user as of one moment.
-- KEYS: session, user, everyone
local r = redis.pcall('HMGET', KEYS[1], {fields})
return {r.err or r, generations(KEYS[2], KEYS[3])}
