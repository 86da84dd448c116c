import { hash } from 'node:crypto';

/**
 * What must happen in one step, as Lua on the server. Every key of a script lies in one Cluster slot. Scripts decide first and
 * write afterwards: a server that is out of memory refuses the first write and so the whole script.
 *
 * Family records are read at the places `record_codec.ts` gives them (Lua counts from 1): 1 version, 2 generation, 3 access
 * tokens and 4 refresh tokens, each a flat list of hash and expiry.
 */
export interface Script {
  readonly lua: string;
  readonly sha1: string;
}

const script = (lua: string): Script => ({ lua, sha1: hash('sha1', lua, 'hex') });

/** KEYS: records. ARGV: value and expiry (Unix seconds) of each. */
export const PUT = script(`
for i, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[2 * i - 1], 'EXAT', ARGV[2 * i])
end`);

/** KEYS: an access token. ARGV: channel, its hash. Announced even if it is gone here: a cache may still have it. */
export const TAKE_ACCESS = script(`
local value = redis.call('GETDEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return value`);

/**
 * KEYS: the family, then the other records. ARGV: generation, prefix of access tokens, channel, then as in PUT.
 * Returns 1 done, 0 another generation or none, -1 corrupt.
 */
export const ROTATE = script(`
local value = redis.call('GET', KEYS[1])
if not value then return 0 end
local readable, before = pcall(cjson.decode, value)
if not readable or type(before) ~= 'table' or before[1] ~= 1 or type(before[3]) ~= 'table' then return -1 end
if before[2] ~= tonumber(ARGV[1]) then return 0 end

local after = cjson.decode(ARGV[4])
local kept = {}
for i = 1, #after[3], 2 do kept[after[3][i]] = true end
local dropped = {}
for i = 1, #before[3], 2 do
  if not kept[before[3][i]] then table.insert(dropped, before[3][i]) end
end

for i, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[2 * i + 2], 'EXAT', ARGV[2 * i + 3])
end
for _, hash in ipairs(dropped) do redis.call('DEL', ARGV[2] .. hash) end
if #dropped > 0 then redis.call('PUBLISH', ARGV[3], table.concat(dropped, ' ')) end
return 1`);

/**
 * KEYS: the family. ARGV: prefix of access tokens, prefix of refresh tokens, channel. Returns the family's record.
 * Only deletes, so it works on a server that is out of memory. Of a family that cannot be read nobody knows which tokens it
 * had: every cache is told to forget everything.
 */
export const REVOKE = script(`
local value = redis.call('GETDEL', KEYS[1])
if not value then return nil end
local readable, family = pcall(cjson.decode, value)
if not readable or type(family) ~= 'table' or type(family[3]) ~= 'table' or type(family[4]) ~= 'table' then
  redis.call('PUBLISH', ARGV[3], '*')
  return value
end
local hashes = {}
for i = 1, #family[3], 2 do
  table.insert(hashes, family[3][i])
  redis.call('DEL', ARGV[1] .. family[3][i])
end
for i = 1, #family[4], 2 do redis.call('DEL', ARGV[2] .. family[4][i]) end
if #hashes > 0 then redis.call('PUBLISH', ARGV[3], table.concat(hashes, ' ')) end
return value`);

/** KEYS: a listing. ARGV: now, expiry, member. Removes some of what has expired; the listing lives as long as its last member. */
export const LIST = script(`
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
local expired = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 100)
if #expired > 0 then redis.call('ZREM', KEYS[1], unpack(expired)) end
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if last[2] then redis.call('EXPIREAT', KEYS[1], last[2]) end`);

/** KEYS: values, index. ARGV: id, value, what the id must be: absent, present or any. Returns 1 if it was written. */
export const PUT_DOCUMENT = script(`
local is = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 and 'present' or 'absent'
if ARGV[3] ~= 'any' and ARGV[3] ~= is then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1`);

/** KEYS: values, index. ARGV: id. Returns 1 if there was one. */
export const DELETE_DOCUMENT = script(`
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])`);

/** KEYS: values, index. ARGV: where to begin (as ZRANGEBYLEX has it), count. Returns ids and values, alternating. */
export const LIST_DOCUMENTS = script(`
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
  table.insert(found, id)
  table.insert(found, redis.call('HGET', KEYS[1], id))
end
return found`);

/** KEYS: a counter. ARGV: window in milliseconds. Returns the count and the milliseconds left. */
export const HIT = script(`
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return { count, left }`);

export const PEEK = script(`
return { redis.call('GET', KEYS[1]) or 0, redis.call('PTTL', KEYS[1]) }`);

/** KEYS: a counter. A key that has expired is not made anew: it would have no window. */
export const FORGIVE = script(`
if tonumber(redis.call('GET', KEYS[1]) or 0) > 0 then return redis.call('DECR', KEYS[1]) end
return 0`);

export const RESET = script(`
return redis.call('DEL', KEYS[1])`);
