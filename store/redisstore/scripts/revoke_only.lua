-- Ends sessions of a user, and returns those that were live until now.
-- KEYS: user, everyone, live, ended, due, over, then the sessions
-- ARGV: op, user, owner, at, reason, by, then the ids, each once
local op, owner = ARGV[1], ARGV[3]
local keys = {live = KEYS[3], ended = KEYS[4], due = KEYS[5], over = KEYS[6]}
local ending = {at = ARGV[4], reason = ARGV[5], by = ARGV[6]}
local g, e = generations(KEYS[1], KEYS[2])
local found, told = {}, {}
for i = 7, #KEYS do
  local s = load(KEYS[i])
  if s and s.user == ARGV[2] then
    if is_live(s, g, e) then found[ARGV[i]] = s end
    if found[ARGV[i]] or s.ended_at and s.ended_op == op then told[#told + 1] = ARGV[i] end
  end
end
for id, s in pairs(found) do finish(s, id, owner .. ':' .. id, keys, ending, op) end
return told
