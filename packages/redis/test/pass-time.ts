// Lets time go by for a server, whose clock cannot be set.

/** A script. Moves all that has a time into the past, as if so many milliseconds had gone by: ARGV[1]. */
export const PASS_TIME = `
local ms = tonumber(ARGV[1])
if ms == 0 then return end
for _, name in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', name).ok
  if kind == 'hash' and redis.call('HEXISTS', name, 'at') == 1 then redis.call('HINCRBY', name, 'at', -ms) end
  if kind == 'zset' and (string.find(name, '}:exp:', 1, true) or string.find(name, '}:leases', 1, true)) then
    for _, key in ipairs(redis.call('ZRANGE', name, 0, -1)) do redis.call('ZINCRBY', name, -ms, key) end
  end
  local left = redis.call('PTTL', name)
  if left >= 0 then redis.call('PEXPIRE', name, left - ms) end
end`;
