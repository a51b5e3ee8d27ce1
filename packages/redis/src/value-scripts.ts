// The scripts that Redis runs: each change of values and leases is one script, on keys of one cache, which share a hash tag.

import { toScript, type Script } from "./script.ts";

/**
 * The beginning of all scripts. `base` is the prefix of the names of a cache's keys:
 *
 * - `epoch`: number of times that the cache was cleared; a part of the names of its values
 * - `v:EPOCH:KEY`: hash of a value: kind, body, ttl, and when it was stored
 * - `idx:EPOCH`: its keys, in their order; `exp:EPOCH`: when they expire
 * - `l:KEY`: hash of a lease; `leases`: when leases expire, by key
 * - `token`: the last token
 * - `old`: epochs whose values are still to be removed
 */
const PRELUDE = `
local base = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local epoch = redis.call('GET', base .. 'epoch') or '0'
local idx, exp, leases = base .. 'idx:' .. epoch, base .. 'exp:' .. epoch, base .. 'leases'
local function number(n) return string.format('%.0f', n) end
local function valueName(key) return base .. 'v:' .. epoch .. ':' .. key end
local function leaseName(key) return base .. 'l:' .. key end
local function overtake(key)
  if redis.call('EXISTS', leaseName(key)) == 1 then redis.call('HSET', leaseName(key), 'overtaken', '1') end
end
local function overtakeAll(prefix)
  for _, key in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
    if string.sub(key, 1, #prefix) == prefix then overtake(key) end
  end
end
local function forgetExpired()
  local gone = redis.call('ZRANGEBYSCORE', exp, '-inf', number(now), 'LIMIT', 0, 1000)
  if #gone > 0 then
    redis.call('ZREM', exp, unpack(gone))
    redis.call('ZREM', idx, unpack(gone))
  end
  return #gone
end
`;

function script(body: string): Script {
  return toScript(PRELUDE + body);
}

/** ARGV: keys. */
export const FIND: Script = script(`
local found = {}
for index, key in ipairs(ARGV) do
  local value = redis.call('HMGET', valueName(key), 'kind', 'body', 'ttl', 'at')
  if value[1] then
    found[#found + 1] = { index - 1, value[1], value[2], value[3], number(now - value[4]) }
  end
end
return found
`);

/** ARGV: key, kind, body, ttl, keep, token; the last three may be empty. */
export const PUT: Script = script(`
local key, kind, body, ttl, keep, token = unpack(ARGV)
if token == '' then
  overtake(key)
else
  local lease = redis.call('HMGET', leaseName(key), 'token', 'overtaken')
  if lease[1] ~= token or lease[2] then return 0 end
end
local name = valueName(key)
redis.call('DEL', name)
redis.call('HSET', name, 'kind', kind, 'body', body, 'ttl', ttl, 'at', number(now))
redis.call('ZADD', idx, 0, key)
if keep == '' then
  redis.call('ZREM', exp, key)
else
  redis.call('PEXPIRE', name, keep)
  redis.call('ZADD', exp, number(now + keep), key)
end
forgetExpired()
return 1
`);

/** ARGV: key. */
export const DELETE: Script = script(`
local key = ARGV[1]
overtake(key)
redis.call('ZREM', idx, key)
redis.call('ZREM', exp, key)
return redis.call('DEL', valueName(key))
`);

/** Another epoch: no value of before is found any more, and none of a neighbour is touched. */
export const CLEAR: Script = script(`
overtakeAll('')
local count = redis.call('ZCARD', idx) - redis.call('ZCOUNT', exp, '-inf', number(now))
redis.call('SADD', base .. 'old', epoch)
redis.call('INCR', base .. 'epoch')
return count
`);

/** Removes values of epochs of before, some at a time; 1 while there are more. */
export const REMOVE_CLEARED: Script = script(`
local old = redis.call('SRANDMEMBER', base .. 'old')
if not old then return 0 end
local name = base .. 'idx:' .. old
local keys = redis.call('ZRANGE', name, 0, 499)
for _, key in ipairs(keys) do redis.call('UNLINK', base .. 'v:' .. old .. ':' .. key) end
redis.call('ZREMRANGEBYRANK', name, 0, 499)
if #keys < 500 then
  redis.call('DEL', name, base .. 'exp:' .. old)
  redis.call('SREM', base .. 'old', old)
end
return 1
`);

/** ARGV: prefix. Some at a time: the number found, and of those the number that had not expired. */
export const CLEAR_PREFIX: Script = script(`
local prefix = ARGV[1]
overtakeAll(prefix)
-- No text in UTF-8 has this byte.
local keys = redis.call('ZRANGEBYLEX', idx, '[' .. prefix, '(' .. prefix .. '\\255', 'LIMIT', 0, 500)
local count = 0
for _, key in ipairs(keys) do count = count + redis.call('DEL', valueName(key)) end
if #keys > 0 then
  redis.call('ZREM', idx, unpack(keys))
  redis.call('ZREM', exp, unpack(keys))
end
return { #keys, count }
`);

/**
 * ARGV: key, holder, milliseconds, and 1 if a holder may take again what it already has. Tokens are the microseconds of the
 * server's clock, or more: they go on growing when all keys were removed under a lease.
 */
export const ACQUIRE: Script = script(`
local key, holder, ms, again = unpack(ARGV)
local name = leaseName(key)
local held = redis.call('HGET', name, 'holder')
if held and not (again and held == holder) then return { 0, held } end
local token = time[1] * 1000000 + time[2]
local last = tonumber(redis.call('GET', base .. 'token') or '0')
if token <= last then token = last + 1 end
redis.call('SET', base .. 'token', number(token))
redis.call('DEL', name)
redis.call('HSET', name, 'token', number(token), 'holder', holder)
redis.call('PEXPIRE', name, ms)
redis.call('ZREMRANGEBYSCORE', leases, '-inf', number(now))
redis.call('ZADD', leases, number(now + ms), key)
return { 1, number(token) }
`);

/** ARGV: key, token, milliseconds. */
export const RENEW: Script = script(`
local key, token, ms = unpack(ARGV)
if redis.call('HGET', leaseName(key), 'token') ~= token then return 0 end
redis.call('PEXPIRE', leaseName(key), ms)
redis.call('ZADD', leases, number(now + ms), key)
return 1
`);

/** ARGV: milliseconds, and key and token of each lease. The places of those that are renewed. */
export const RENEW_ALL: Script = script(`
local ms, renewed = ARGV[1], {}
for index = 2, #ARGV, 2 do
  local key, token = ARGV[index], ARGV[index + 1]
  if redis.call('HGET', leaseName(key), 'token') == token then
    redis.call('PEXPIRE', leaseName(key), ms)
    redis.call('ZADD', leases, number(now + ms), key)
    renewed[#renewed + 1] = index / 2 - 1
  end
end
return renewed
`);

/** ARGV: key, token. */
export const RELEASE: Script = script(`
local key, token = unpack(ARGV)
if redis.call('HGET', leaseName(key), 'token') ~= token then return 0 end
redis.call('DEL', leaseName(key))
redis.call('ZREM', leases, key)
redis.call('PUBLISH', base .. 'freed', key)
return 1
`);

/** ARGV: key and token of each lease. */
export const RELEASE_ALL: Script = script(`
for index = 1, #ARGV, 2 do
  local key, token = ARGV[index], ARGV[index + 1]
  if redis.call('HGET', leaseName(key), 'token') == token then
    redis.call('DEL', leaseName(key))
    redis.call('ZREM', leases, key)
    redis.call('PUBLISH', base .. 'freed', key)
  end
end
`);

/** ARGV: key. 1 if there was a lease. */
export const REVOKE: Script = script(`
local key = ARGV[1]
redis.call('ZREM', leases, key)
redis.call('PUBLISH', base .. 'freed', key)
return redis.call('DEL', leaseName(key))
`);

/** Keys with a lease, their holders, and when each expires. */
export const LIST_LEASES: Script = script(`
redis.call('ZREMRANGEBYSCORE', leases, '-inf', number(now))
local found = {}
for _, key in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  local holder = redis.call('HGET', leaseName(key), 'holder')
  if holder then found[#found + 1] = { key, holder, redis.call('ZSCORE', leases, key) } end
end
return found
`);

export const SIZE: Script = script(`
return redis.call('ZCARD', idx) - redis.call('ZCOUNT', exp, '-inf', number(now))
`);

/** ARGV: limit. */
export const LIST_KEYS: Script = script(`
while forgetExpired() == 1000 do end
return redis.call('ZRANGEBYLEX', idx, '-', '+', 'LIMIT', 0, ARGV[1])
`);

/** Redis takes whole milliseconds, and 1 at least. */
export function whole(ms: number): string {
  return String(Math.max(1, Math.round(ms)));
}
