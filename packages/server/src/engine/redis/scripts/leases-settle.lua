#!lua flags=allow-oom
--[[
Forgets what was given out, because it was dealt with.

KEYS   1  zset `<since>|<thing>` → when it is given out again
ARGV   1  time (not used); 2  the master's replication id (not used); 3  `<since>|<thing>`
RETURN 1, or 0 when it was settled before
--]]
return redis.call('ZREM', KEYS[1], ARGV[3])
