import { hash } from 'node:crypto';

/**
 * What must happen in one step, as Lua on the server. Every key of a script lies in one Cluster slot, but for `ISSUE`, which a
 * Cluster is never sent. Scripts decide first and write afterwards: a server that is out of memory refuses the first write and so
 * the whole script.
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

const SWAPPING = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], ARGV[2 * i + 2], 'EXAT', ARGV[2 * i + 3])
end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
elseif ARGV[2] ~= ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3]) end
if ARGV[5] ~= '' then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
return 1`;

/**
 * KEYS: a grant, then further records. ARGV: the grant's text as it was read (empty if there was none), as it shall be (empty for
 * none; the same is not written) and its expiry; channel and message; value and expiry of each further record. Returns 1 done, 0 somebody else was first.
 */
export const SWAP = script(SWAPPING);

/** As SWAP, for what only takes away: it works on a server that is out of memory, although writing less is still writing. */
export const SHRINK = script(`#!lua flags=allow-oom${SWAPPING}`);

/**
 * New grants, and the listings they belong to: all or none. KEYS: grants, then listings. ARGV: now; how many grants, and value and
 * expiry of each; for each listing how many members, and expiry and name of each. A listing is written first, loses some of what
 * has expired, and lives as long as its last member. Returns 1 for each grant that was written, 0 where there was one.
 */
export const ISSUE = script(`
local grants = tonumber(ARGV[2])
local at = 3 + 2 * grants
for i = grants + 1, #KEYS do
  local last = at + 2 * tonumber(ARGV[at])
  redis.call('ZADD', KEYS[i], unpack(ARGV, at + 1, last))
  at = last + 1
  local expired = redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', ARGV[1], 'LIMIT', 0, 100)
  if #expired > 0 then redis.call('ZREM', KEYS[i], unpack(expired)) end
  local latest = redis.call('ZREVRANGE', KEYS[i], 0, 0, 'WITHSCORES')
  if latest[2] then redis.call('EXPIREAT', KEYS[i], latest[2]) end
end
local written = {}
for i = 1, grants do
  written[i] = redis.call('SET', KEYS[i], ARGV[2 * i + 1], 'EXAT', ARGV[2 * i + 2], 'NX') and 1 or 0
end
return written`);

/** KEYS: values, index. ARGV: id, value, what the id must be: absent, present or any. Returns 1 if it was written. */
export const PUT_DOCUMENT = script(`
local is = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 and 'present' or 'absent'
if ARGV[3] ~= 'any' and ARGV[3] ~= is then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1`);

/**
 * As PUT_DOCUMENT and DELETE_DOCUMENT, for documents that are searched, or that must not have changed. KEYS: values, index, words.
 * ARGV: id; the text as it was read (empty if there was none) and as it shall be (empty for none); how many words it is not found
 * by any more, and these; the words that it is found by. Returns 1 done, 0 somebody else was first.
 */
export const SWAP_DOCUMENT = script(`
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  redis.call('ZADD', KEYS[2], 0, ARGV[1])
end
local first = 5 + tonumber(ARGV[4])
if first > 5 then redis.call('ZREM', KEYS[3], unpack(ARGV, 5, first - 1)) end
for i = first, #ARGV do redis.call('ZADD', KEYS[3], 0, ARGV[i]) end
return 1`);

/** KEYS: values, words. ARGV: whether these are the last; then for each document id, text as it was read, how many words, and these. */
export const INDEX_DOCUMENTS = script(`
local at = 2
while at <= #ARGV do
  local words = tonumber(ARGV[at + 2])
  if redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[at + 1] then
    for i = at + 3, at + 2 + words do redis.call('ZADD', KEYS[2], 0, ARGV[i]) end
  end
  at = at + 3 + words
end
if ARGV[1] == 'whole' then redis.call('ZADD', KEYS[2], 0, '~') end`);

/**
 * KEYS: words. ARGV: how many parts of the index, how many words of each, where to begin and where to end in a part. Returns what
 * each part has, or nothing if the index is not whole.
 */
export const SEARCH_DOCUMENTS = script(`
if not redis.call('ZSCORE', KEYS[1], '~') then return false end
local found = {}
for least = 0, tonumber(ARGV[1]) do
  local part = string.char(32 + least)
  local begin = string.sub(ARGV[3], 1, 1) .. part .. string.sub(ARGV[3], 2)
  for _, word in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], begin, '(' .. part .. ARGV[4], 'LIMIT', 0, ARGV[2])) do
    table.insert(found, word)
  end
end
return found`);

/** KEYS: values, index. ARGV: id. Returns 1 if there was one. */
export const DELETE_DOCUMENT = script(`
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])`);

/**
 * KEYS: values, index. ARGV: where to begin (as ZRANGEBYLEX has it), count, how many bytes of values are enough. Returns ids and
 * values, alternating, and behind them one word more if there was enough before the count.
 */
export const LIST_DOCUMENTS = script(`
local found = {}
local bytes = 0
for _, id in ipairs(redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
  if bytes > tonumber(ARGV[3]) then
    table.insert(found, 'more')
    break
  end
  local value = redis.call('HGET', KEYS[1], id)
  table.insert(found, id)
  table.insert(found, value)
  bytes = bytes + (value and #value or 0)
end
return found`);

/** KEYS: counters, one for each event. ARGV: window of each in milliseconds. Returns count and milliseconds left of each in turn. */
export const HIT = script(`
local counted = {}
for i, key in ipairs(KEYS) do
  counted[2 * i - 1] = redis.call('INCR', key)
  local left = redis.call('PTTL', key)
  if left < 0 then
    left = tonumber(ARGV[i])
    redis.call('PEXPIRE', key, ARGV[i])
  end
  counted[2 * i] = left
end
return counted`);

/** KEYS: counters. Returns count and milliseconds left of each in turn. */
export const PEEK = script(`
local found = {}
for i, key in ipairs(KEYS) do
  found[2 * i - 1] = redis.call('GET', key) or 0
  found[2 * i] = redis.call('PTTL', key)
end
return found`);

/** KEYS: a counter. A key that has expired is not made anew: it would have no window. */
export const FORGIVE = script(`
if tonumber(redis.call('GET', KEYS[1]) or 0) > 0 then return redis.call('DECR', KEYS[1]) end
return 0`);

export const RESET = script(`
return redis.call('DEL', KEYS[1])`);

/**
 * KEYS: the stream. ARGV: how long an event is kept (milliseconds), how many there may be, and the entries. Returns their ids. By
 * the server's clock: a node whose own is wrong must not take away what others have written.
 */
export const APPEND_AUDIT = script(`
local ids = {}
for i = 3, #ARGV do ids[i - 2] = redis.call('XADD', KEYS[1], '*', 'e', ARGV[i]) end
local now = redis.call('TIME')
local oldest = math.max(0, now[1] * 1000 + math.floor(now[2] / 1000) - ARGV[1])
redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f', oldest))
redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[2])
return ids`);
