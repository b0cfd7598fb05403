#!lua flags=allow-oom
-- Takes states of a partition that are over, or whose taker did not deal with them in time; oldest first.
--
-- KEYS[1] live: sessions by when they are over   KEYS[2] taken: by when their taker must have dealt with them
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at   ARGV[3] what the keys of states begin with
-- ARGV[4] how many at most   ARGV[5] how long whoever takes them has to deal with them, in ms
-- Returns {session, body, node, rooms, data, session, …}.
-- One of all who ask is given a state, and nobody else until its time to deal with it is over (S3). All states are in the
-- slot of KEYS[1]. A state that the server has forgotten is given to nobody, and found by nobody again.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local limit = tonumber(ARGV[4])
local over = {}
for _, key in ipairs({ KEYS[1], KEYS[2] }) do
  local until_now = redis.call('ZRANGEBYSCORE', key, '-inf', string.format('%.0f', now), 'WITHSCORES', 'LIMIT', 0, limit)
  for index = 1, #until_now, 2 do
    over[#over + 1] = { session = until_now[index], at = tonumber(until_now[index + 1]) }
  end
end
table.sort(over, function(a, b) return a.at < b.at end)
local claimed = string.format('%.0f', now + tonumber(ARGV[5]))
local given = {}
for index = 1, math.min(limit, #over) do
  local session = over[index].session
  local state = redis.call('HMGET', ARGV[3] .. session, 'body', 'node', 'rooms', 'data')
  redis.call('ZREM', KEYS[1], session)
  if state[1] then
    redis.call('ZADD', KEYS[2], claimed, session)
    given[#given + 1] = session
    for field = 1, 4 do given[#given + 1] = state[field] end
  else
    redis.call('ZREM', KEYS[2], session)
  end
end
return given
