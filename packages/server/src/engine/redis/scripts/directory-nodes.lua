#!lua flags=allow-oom
--[[
Which nodes are there; a node that says so itself is, until its lease is over.

KEYS   1  zset node → until when it is there, ms
ARGV   1  time in ms, or 0 to ask the server; 2  the master's replication id (not used)
       3  the node that speaks; '' to ask only
       4  how long from now it is there, ms; 0 when it leaves
RETURN list of nodes
--]]
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
if ARGV[3] ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
  if ARGV[4] == '0' then
    redis.call('ZREM', KEYS[1], ARGV[3])
  else
    redis.call('ZADD', KEYS[1], now + tonumber(ARGV[4]), ARGV[3])
  end
end
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
