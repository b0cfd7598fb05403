#!lua flags=no-writes
-- Reads a value of the cache.
--
-- KEYS[1] `<when it is over in ms since 1970, 0 for never>|<JSON>`
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at
-- Returns the JSON, or nil when there is none or it is over.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local kept = redis.call('GET', KEYS[1])
if not kept then return nil end
local over, json = string.match(kept, '^(%d+)|(.*)$')
over = tonumber(over)
if over > 0 and over <= now then return nil end
return json
