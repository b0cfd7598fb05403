#!lua flags=no-writes
-- Names of keys on this server, some at a time.
--
-- KEYS[1] any key of a partition that is here
-- ARGV[1], ARGV[2] are not looked at   ARGV[3] cursor, 0 to begin   ARGV[4] pattern
-- Returns the next cursor, 0 at the end, and names; a name may come twice.
local found = redis.call('SCAN', ARGV[3], 'MATCH', ARGV[4], 'COUNT', 1000)
return { found[1], unpack(found[2]) }
