#!lua flags=no-writes
--[[
Says since when things are held that were not given out yet.

KEYS   1  hash thing → since when
ARGV   1  time (not used); 2  the master's replication id (not used); then the things
RETURN list of ms since 1970 as texts, '' for what is not held
--]]
local found = {}
for index = 3, #ARGV do found[index - 2] = redis.call('HGET', KEYS[1], ARGV[index]) or '' end
return found
