#!lua
--[[
Begins leases, or makes them last longer; never shorter.

KEYS   1  zset thing → until when it is held, ms
       2  hash thing → since when
ARGV   1  time in ms, or 0 to ask the server; 2  the master's replication id (not used)
       3  how long from now, ms
       4  for how long the keys are kept when nobody comes again, ms
       then the things
RETURN how many were begun

H3  What was not given out goes on, however long it was not held.
--]]
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local begun = 0
for index = 5, #ARGV do
  redis.call('ZADD', KEYS[1], 'GT', now + tonumber(ARGV[3]), ARGV[index])
  begun = begun + redis.call('HSETNX', KEYS[2], ARGV[index], now)
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return begun
