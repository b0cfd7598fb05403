#!lua flags=allow-oom
--[[
Writes a little, so that waiting for a replica on this connection means something, even after a publish that wrote nothing
because it was done before.

KEYS   1  the mark
ARGV   1  time (not used)
       2  the master's replication id, as the connection knows it, 3 the one of the master that the publish was on
RETURN 1, or 0 when this is another master
--]]
if ARGV[2] ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], redis.call('TIME')[1], 'EX', 3600)
return 1
