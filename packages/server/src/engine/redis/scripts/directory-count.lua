#!lua flags=no-writes
--[[
Counts the sessions of one tenant on some nodes.

KEYS   three a node: the hash of sessions, of users, of rooms (see directory-write.lua)
ARGV   not used
RETURN list for each node: {sessions, {userId, count, …}, {room, count, …}}
--]]
local counts = {}
for index = 1, #KEYS, 3 do
  counts[#counts + 1] = {
    redis.call('HLEN', KEYS[index]),
    redis.call('HGETALL', KEYS[index + 1]),
    redis.call('HGETALL', KEYS[index + 2]),
  }
end
return counts
