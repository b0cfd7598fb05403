#!lua
-- Takes one of the places that a user has for tickets that wait to be used.
--
-- KEYS[1] the user's places: a sorted set of tickets' hashes by when they are over
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at
-- ARGV[3] the ticket's hash   ARGV[4] its life in ms   ARGV[5] how many may wait
-- Returns 0, or in how many ms the first place is free when all are taken.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[5]) then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return math.max(1, tonumber(first[2]) - now)
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[4])), ARGV[3])
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', tonumber(ARGV[4]) + 5000))
return 0
