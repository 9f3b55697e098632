-- Tries every command that the store calls on a key that nobody has, and returns
-- the first that may not be called, and why: a server may have it renamed, or
-- forbid it to the user, and a script would fail halfway.
-- KEYS: scratch
for _, c in ipairs({{'DEL'}, {'EXISTS'}, {'GET'}, {'SET', 'x'}, {'SETNX', 'x'}, {'INCR'}, {'RENAME', KEYS[1]},
  {'HSET', 'f', 'x'}, {'HSETNX', 'f', 'x'}, {'HGET', 'f'}, {'HMGET', 'f'}, {'HGETALL'}, {'HKEYS'}, {'HLEN'}, {'HINCRBY', 'f', '1'}, {'HDEL', 'f'},
  {'ZADD', '1', 'x'}, {'ZSCORE', 'x'}, {'ZCARD'}, {'ZCOUNT', '0', '1'}, {'ZRANGE', '0', '1'}, {'ZREVRANGE', '0', '1'}, {'ZRANGEBYLEX', '-', '+'},
  {'ZRANGEBYSCORE', '0', '1'}, {'ZSCAN', '0'}, {'ZREM', 'x'}, {'SADD', 'x'}, {'SMEMBERS'}}) do
  local r = redis.pcall(c[1], KEYS[1], unpack(c, 2))
  local why = type(r) == 'table' and r.err or ''
  if why ~= '' and not string.find(why, 'no such key') and not string.find(why, 'OOM') then
    return {c[1], why}
  end
  redis.call('DEL', KEYS[1])
end
return {}
