#!lua flags=allow-oom
--[[
Gives out what is over, to whoever asks first, and again what was given out and not settled in time.

KEYS   1  zset thing → until when it is held, ms
       2  hash thing → since when
       3  zset `<since>|<thing>` → when it is given out again, ms
ARGV   1  time in ms, or 0 to ask the server; 2  the master's replication id (not used)
       3  how many at most
       4  how long whoever is given one has to settle it, ms
       5  for how long the third key is kept when nobody comes again, ms
RETURN list of `<since>|<thing>`, oldest first

H2  What is given out is in the third key, and in no other, until it is settled.
--]]
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local limit, again = tonumber(ARGV[3]), now + tonumber(ARGV[4])
local given = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, limit)
local over = {}
if #given < limit then over = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, limit - #given) end
for _, thing in ipairs(over) do
  local since = redis.call('HGET', KEYS[2], thing) or string.format('%.0f', now)
  redis.call('ZREM', KEYS[1], thing)
  redis.call('HDEL', KEYS[2], thing)
  given[#given + 1] = since .. '|' .. thing
end
for _, member in ipairs(given) do redis.call('ZADD', KEYS[3], again, member) end
if #given > 0 then redis.call('PEXPIRE', KEYS[3], ARGV[5]) end
return given
