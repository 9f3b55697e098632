-- Notes that every session of a shard is marked that bumps of the counter of all
-- users have ended, up to one, and forgets how they were bumped.
-- KEYS: everyone
-- ARGV: the counter
redis.call('HDEL', KEYS[1], '') -- allowed when memory is full, and then the rest is
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  local n = string.match(field, '^bump:(%d+)$')
  if n and tonumber(n) <= tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], field) end
end
redis.call('HSET', KEYS[1], 'marked', ARGV[1])
return 'ok'
