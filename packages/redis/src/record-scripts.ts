// The scripts of records. A record is a hash: what a lookup finds, the rest, whether it is a failure, the digest of
// the returned value, and when it was stored. Redis removes it when it expires.

import { toScript, type Script } from "./script.ts";

const TIME = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** KEYS: what all names begin with. ARGV: keys. The places of those that are there, what is found, and when it was stored. */
export const FIND_RECORDS: Script = toScript(`${TIME}
local found = {}
for index, key in ipairs(ARGV) do
  local record = redis.call('HMGET', KEYS[1] .. key, 'found', 'at')
  if record[1] and record[2] then
    found[#found + 1] = { index - 1, record[1], record[2], string.format('%.0f', now - record[2]) }
  end
end
return found
`);

/**
 * KEYS: what the name begins with. ARGV: key, mode, found, rest, 1 for a failure, digest of the returned value,
 * milliseconds until it expires or nothing. The digest of the record that was kept, or nothing.
 */
export const PUT_RECORD: Script = toScript(`${TIME}
local key, mode, found, rest, failed, digest, ttl = unpack(ARGV)
local name = KEYS[1] .. key
if mode == 'keep-live' then
  local present = redis.call('HMGET', name, 'failed', 'digest')
  if present[1] == '0' then return present[2] end
end
-- The first write, so that a server without memory refuses it.
redis.call('HSET', name, 'found', found, 'rest', rest, 'failed', failed, 'digest', digest,
  'at', string.format('%.0f', now))
if ttl == '' then redis.call('PERSIST', name) else redis.call('PEXPIRE', name, ttl) end
return false
`);
