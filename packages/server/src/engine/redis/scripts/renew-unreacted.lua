#!lua flags=allow-oom
--[[
Says that this process lives and is at its unreacted events.

KEYS   1  the zset of who keeps unreacted events, 2 the hash in which this process keeps its own (see write.lua)
ARGV   1  time in ms, or 0 to ask the server; 2 the master's replication id (not used); 3 how long the lease is, ms
RETURN how many events it keeps; with none it needs no lease, and has none
--]]
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local count = redis.call('HLEN', KEYS[2])
if count > 0 then
  redis.call('ZADD', KEYS[1], now + ARGV[3], KEYS[2])
else
  redis.call('ZREM', KEYS[1], KEYS[2])
end
return count
