-- Puts the remnant of a session where the name of its owner stands, unless it is
-- another's.
-- KEYS: owner
-- ARGV: owner, remnant
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1]) -- allowed when memory is full, and then the rest is
  redis.call('SET', KEYS[1], ARGV[2])
end
return 0
