#!lua flags=no-writes
-- Since when the oldest states of a partition are over, or were to have been dealt with.
--
-- KEYS[1] live: sessions by when they are over   KEYS[2] taken: by when their taker must have dealt with them
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at   ARGV[3] how many at most
-- Returns times in ms, as texts, in no order, at most twice as many.
local now = ARGV[1]
if now == '0' then
  local time = redis.call('TIME')
  now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
end
local times = {}
for _, key in ipairs(KEYS) do
  local found = redis.call('ZRANGEBYSCORE', key, '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[3])
  for index = 2, #found, 2 do times[#times + 1] = found[index] end
end
return times
