-- Reads the current generations for a user.
-- KEYS: user, everyone
return {generations(KEYS[1], KEYS[2])}
