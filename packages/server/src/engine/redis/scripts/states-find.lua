#!lua flags=no-writes
-- Finds the state of a session that is not over.
--
-- KEYS[1] the state, a hash of body, node, rooms, data   KEYS[2] live: sessions by when they are over
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at   ARGV[3] session
-- Returns {body, node, rooms, data}, or an empty list.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local over = redis.call('ZSCORE', KEYS[2], ARGV[3])
if not over or tonumber(over) <= now or redis.call('EXISTS', KEYS[1]) == 0 then return {} end
return redis.call('HMGET', KEYS[1], 'body', 'node', 'rooms', 'data')
