#!lua
-- Makes a session the node's.
--
-- KEYS[1] the state, a hash of body, node, rooms, data   KEYS[2] live: sessions by when they are over
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at   ARGV[3] session   ARGV[4] node
-- Returns {body, node, rooms, data} as it was before, or an empty list when there is none, or it is over.
-- Of two that take it at once, the later is told of the earlier (S5).
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local over = redis.call('ZSCORE', KEYS[2], ARGV[3])
if not over or tonumber(over) <= now or redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local before = redis.call('HMGET', KEYS[1], 'body', 'node', 'rooms', 'data')
redis.call('HSET', KEYS[1], 'node', ARGV[4])
return before
