#!lua
-- Sets a value of the cache, or adds to a counter.
--
-- KEYS[1] `<when it is over in ms since 1970, 0 for never>|<JSON>`
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at
-- ARGV[3] `set` or `increment`   ARGV[4] its life in ms, empty for no end   ARGV[5] the JSON, or how much to add
-- Returns the JSON as it is now; nil when it is no number and cannot be added to, and then nothing has changed.
-- A counter keeps the end that it began with.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The server forgets a while after the end, which is judged by `now` alone.
local function keep(over, json)
  local text = string.format('%.0f', over) .. '|' .. json
  if over == 0 then
    redis.call('SET', KEYS[1], text)
  else
    redis.call('SET', KEYS[1], text, 'PX', string.format('%.0f', math.max(over - now, 0) + 5000))
  end
  return json
end

local over = 0
if ARGV[4] ~= '' then over = now + tonumber(ARGV[4]) end
if ARGV[3] == 'set' then return keep(over, ARGV[5]) end

local sum = tonumber(ARGV[5])
local kept = redis.call('GET', KEYS[1])
if kept then
  local keptOver, json = string.match(kept, '^(%d+)|(.*)$')
  keptOver = tonumber(keptOver)
  if keptOver == 0 or keptOver > now then
    if not string.match(json, '^-?%d') then return nil end
    over = keptOver
    sum = sum + tonumber(json)
  end
end
if sum ~= sum or sum == math.huge or sum == -math.huge then return nil end
return keep(over, string.format('%.17g', sum))
