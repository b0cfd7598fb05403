#!lua
-- Keeps the state of a new session, or changes what it was in.
--
-- KEYS[1] the state, a hash of body, node, rooms, data   KEYS[2] live: sessions by when they are over   KEYS[3] taken: by when
-- whoever took them must have dealt with them
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at   ARGV[3] session   ARGV[4] rooms   ARGV[5] data
-- To create it: ARGV[6] its life in ms   ARGV[7] body   ARGV[8] node   ARGV[9] ms after which the server forgets it if nobody does
-- Returns 1; 0 when there is none to change, or it is over.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
if #ARGV > 5 then
  redis.call('HSET', KEYS[1], 'body', ARGV[7], 'node', ARGV[8], 'rooms', ARGV[4], 'data', ARGV[5])
  redis.call('PEXPIRE', KEYS[1], ARGV[9])
  redis.call('ZADD', KEYS[2], string.format('%.0f', now + tonumber(ARGV[6])), ARGV[3])
  redis.call('ZREM', KEYS[3], ARGV[3])
  return 1
end
local over = redis.call('ZSCORE', KEYS[2], ARGV[3])
if not over or tonumber(over) <= now or redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'rooms', ARGV[4], 'data', ARGV[5])
return 1
