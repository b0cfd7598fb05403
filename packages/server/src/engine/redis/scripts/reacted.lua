#!lua flags=allow-oom
--[[
Lets go of events whose reactions are done.

KEYS   1  the hash in which this process keeps its unreacted events (see write.lua)
ARGV   1  time (not used), 2 the master's replication id (not used), then the fields
RETURN how many were there
--]]
local count = 0
for arg = 3, #ARGV do count = count + redis.call('HDEL', KEYS[1], ARGV[arg]) end
return count
