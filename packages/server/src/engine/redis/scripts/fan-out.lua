#!lua flags=allow-oom
--[[
Tells whoever listens of events that were appended without it, once a replica has them too.

KEYS   two an event: its room's meta and log (see write.lua)
ARGV   1  time (not used)
       2  the master's replication id, as the connection knows it, 3 the one of the master that appended
       4  what stands before a room's name in its channel
       then four an event: the room's name, epoch, offset, and the event's JSON ('' when only the log has it)
RETURN how many were told; -1 when this is another master, which may have another event at that offset

I4  What the log no longer has in that epoch is told to nobody.
--]]
if ARGV[2] ~= ARGV[3] then return -1 end
local channels = ARGV[4]
local told = 0
for index = 1, #KEYS / 2 do
  local arg = 1 + index * 4
  local name, epoch, offset, body = ARGV[arg], ARGV[arg + 1], ARGV[arg + 2], ARGV[arg + 3]
  local meta = redis.call('HMGET', KEYS[index * 2 - 1], 'e', 't')
  if meta[1] == epoch and tonumber(meta[2]) >= tonumber(offset) then
    if body == '' then
      local entry = redis.call('XRANGE', KEYS[index * 2], offset, offset)[1]
      body = entry and entry[2][2] or ''
    end
    if body ~= '' then
      redis.call('SPUBLISH', channels .. name, '1 e ' .. epoch .. ' ' .. offset .. ' ' .. body)
      told = told + 1
    end
  end
end
return told
