#!lua flags=allow-oom
-- Deletes a value of the cache; on a full server too, where it is what helps.
--
-- KEYS[1] `<when it is over in ms since 1970, 0 for never>|<JSON>`
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at
-- Returns 1 when there was a value, 0 when there was none or it was over.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local kept = redis.call('GET', KEYS[1])
if not kept then return 0 end
redis.call('DEL', KEYS[1])
local over = tonumber(string.match(kept, '^(%d+)|'))
if over > 0 and over <= now then return 0 end
return 1
