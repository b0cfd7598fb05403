#!lua flags=allow-oom
--[[
Says that a node is there, or (0) that it is not any more.

KEYS   1  until when the node is there, ms
ARGV   1  time in ms, or 0 to ask the server; 2  the master's replication id (not used)
       3  how long from now, ms; 0 when it leaves
       4  for how long the key is kept, ms
RETURN 1
--]]
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], string.format('%.0f', now + tonumber(ARGV[3])), 'PX', ARGV[4])
end
return 1
