#!lua flags=allow-oom
--[[
Tells every node that listens.

KEYS   1  the channel
ARGV   1  time (not used); 2  the master's replication id (not used); 3  the message
RETURN how many heard it, as far as this server knows
--]]
return redis.call('SPUBLISH', KEYS[1], ARGV[3])
