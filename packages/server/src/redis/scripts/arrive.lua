#!lua
-- A node's new connection to a master says by which name (replication id) it knows it. The first to come with another name
-- than is written starts the fence: for one second nothing is appended, and every node compares what it knows.
-- KEYS[1]  the partition's life: hash {replid, since}
-- ARGV[1]  the time, ms since 1970; 0: the server's own
-- ARGV[2]  the master's replication id as this connection knows it
-- Returns  1 while the fence stands, else 0
-- Invariant: the fence stands while since <= now < since + 1000; a clock that went backwards does not prolong it.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local life = redis.call('HMGET', KEYS[1], 'replid', 'since')
if life[1] == ARGV[2] then
  local since = tonumber(life[2])
  return (since <= now and now < since + 1000) and 1 or 0
end
redis.call('HSET', KEYS[1], 'replid', ARGV[2], 'since', life[1] and now or 0)
return life[1] and 1 or 0
