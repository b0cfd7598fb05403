#!lua
-- Puts a ticket where it can be taken once.
--
-- KEYS[1] `<when it is over in ms since 1970>|<JSON>`
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at   ARGV[3] its life in ms   ARGV[4] the JSON
-- Returns 1.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local life = tonumber(ARGV[3])
-- The server forgets a while after the end, which is judged by `now` alone.
redis.call('SET', KEYS[1], string.format('%.0f', now + life) .. '|' .. ARGV[4], 'PX', string.format('%.0f', life + 5000))
return 1
