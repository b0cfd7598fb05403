#!lua flags=allow-oom
--[[
Tells a node some messages, in order.

KEYS   1  the node's channel
       2  until when the node is there, ms
ARGV   1  time in ms, or 0 to ask the server; 2  the master's replication id (not used)
       then the messages
RETURN 1 when all were heard, 0 when there is no such node, -1 when it is there and does not listen just now. In the last two
       cases no message was told, but where it stopped to listen in between.
--]]
for index = 3, #ARGV do
  if redis.call('SPUBLISH', KEYS[1], ARGV[index]) == 0 then
    local now = tonumber(ARGV[1])
    if now == 0 then
      local time = redis.call('TIME')
      now = time[1] * 1000 + math.floor(time[2] / 1000)
    end
    local untilMs = tonumber(redis.call('GET', KEYS[2]) or '0')
    if untilMs > now then return -1 end
    return 0
  end
end
return 1
