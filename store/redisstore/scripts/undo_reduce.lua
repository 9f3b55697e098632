-- Deletes the remnant of a session, and no name of an owner.
-- KEYS: owner
-- ARGV: what a remnant begins with
local text = redis.call('GET', KEYS[1])
if text and string.sub(text, 1, #ARGV[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
