-- Writes the latest visits of sessions that are live.
-- KEYS: of each session, user, everyone
-- ARGV: of each at, address, the rest
for i = 1, #KEYS, 3 do
  local s = load(KEYS[i])
  if s and tonumber(ARGV[i]) > s.last_at and is_live(s, generations(KEYS[i + 1], KEYS[i + 2])) then
    redis.call('HSET', KEYS[i], 'last_at', ARGV[i], 'last_ip', ARGV[i + 1], 'last', ARGV[i + 2])
  end
end
return 'ok'
