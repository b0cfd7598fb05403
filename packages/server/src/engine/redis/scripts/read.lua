#!lua flags=no-writes
--[[
One page of one room's log, or why there is none.

KEYS   1  the room's meta, 2 its log (see write.lua)
ARGV   1  time in ms, or 0 to ask the server
       2  the master's replication id (not used)
       3  keep, 4 age in ms: the room's policy, -1 for no end
       5  'after' or 'before'
       6  'at', 'earliest' or 'latest', 7 and 8 the epoch and the offset for 'at'
       9  how many events at most, 10 how many bytes at most (-1: no end)
RETURN 'ok', epoch, top, 1 when there is more in this direction, then offset and JSON of each event, oldest first
       'epoch' | 'ahead' | 'trimmed', epoch, top: there can be no page
       'missing': the room has no meta; let it begin by comparing it
ERROR  HOLE  an offset is missing in the log

I5  The page is contiguous and lies right at the position. What the policy no longer keeps is never in it, though it may be
    there yet. At least one event is in it if there is one.
--]]
local meta = redis.call('HMGET', KEYS[1], 'e', 't')
local epoch, top = meta[1], tonumber(meta[2])
if not epoch then return { 'missing' } end

local log, keep, age = KEYS[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local forwards, where = ARGV[5] == 'after', ARGV[6]
local limit, budget = tonumber(ARGV[9]), tonumber(ARGV[10])

local function text(number) return string.format('%.0f', number) end

local function offset_of(entry) return tonumber(string.match(entry[1], '^%d+')) end

local function is_old(entry, since) return tonumber(string.match(entry[1], '%d+$')) <= since end

-- The lowest offset from `first` to the top that is newer than `since`; times never fall as offsets rise.
local function first_newer(first, since)
  local low, high = first, top + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    local entry = redis.call('XRANGE', log, text(middle), text(middle))[1]
    if entry and not is_old(entry, since) then high = middle else low = middle + 1 end
  end
  return low
end

-- The lowest offset that the policy keeps; top + 1 for none.
local function first_kept()
  local oldest = keep ~= 0 and redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1]
  if not oldest then return top + 1 end
  local first = offset_of(oldest)
  if keep > 0 then first = math.max(first, top - keep + 1) end
  if age < 0 then return first end
  local asked = tonumber(ARGV[1])
  local time = asked == 0 and redis.call('TIME')
  local since = (time and time[1] * 1000 + math.floor(time[2] / 1000) or asked) - age
  if not is_old(oldest, since) then return first end
  return first_newer(first, since)
end

local first = first_kept()
local from, to = first, top
if where == 'at' then
  local offset = tonumber(ARGV[8])
  if ARGV[7] ~= epoch then return { 'epoch', epoch, top } end
  if forwards then
    if offset > top then return { 'ahead', epoch, top } end
    if offset < first - 1 then return { 'trimmed', epoch, top } end
    from = offset + 1
  else
    to = offset - 1
    if to > top then return { 'ahead', epoch, top } end
    -- Nothing was ever before the first event.
    if to >= 1 and to < first then return { 'trimmed', epoch, top } end
  end
elseif forwards and where == 'latest' then
  from = top + 1
end

local page, taken = {}, 0
local size = math.max(0, to - from + 1)
local cursor, step, full = forwards and from or to, forwards and 1 or -1, size == 0
-- A few at first: bodies may be large, and bytes may end the page.
local chunk = 16
while not full do
  local want = math.min(chunk, limit - taken, size - taken)
  local entries = forwards and redis.call('XRANGE', log, text(cursor), text(to), 'COUNT', want)
    or redis.call('XREVRANGE', log, text(cursor), text(from), 'COUNT', want)
  if #entries < want then return redis.error_reply('HOLE at offset ' .. text(cursor)) end
  for _, entry in ipairs(entries) do
    if offset_of(entry) ~= cursor then return redis.error_reply('HOLE at offset ' .. text(cursor)) end
    local body = entry[2][2]
    -- As JSON with its offset: ,"offset":<digits>
    budget = budget - (ARGV[10] == '-1' and 0 or #body + 10 + #text(cursor))
    full = taken > 0 and budget < 0 and ARGV[10] ~= '-1'
    if full then break end
    taken = taken + 1
    page[taken] = { text(cursor), body }
    cursor = cursor + step
  end
  full = full or taken >= limit or taken >= size
  chunk = chunk * 2
end

local answer = { 'ok', epoch, top, taken < size and 1 or 0 }
for index = 1, taken do
  local event = page[forwards and index or taken - index + 1]
  answer[#answer + 1] = event[1]
  answer[#answer + 1] = event[2]
end
return answer
