#!lua flags=allow-oom
-- Takes a ticket: of any number who ask, one gets it.
--
-- KEYS[1] `<when it is over in ms since 1970>|<JSON>`
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at
-- Returns the JSON, or nil when it is gone or over.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local kept = redis.call('GETDEL', KEYS[1])
if not kept then return nil end
local over, json = string.match(kept, '^(%d+)|(.*)$')
if tonumber(over) <= now then return nil end
return json
