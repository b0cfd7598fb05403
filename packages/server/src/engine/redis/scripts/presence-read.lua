#!lua flags=no-writes
-- Who is in a room, and by which version.
--
-- KEYS[1] members of the room   KEYS[2] ledger: see presence-keys.ts
-- ARGV[1] is not looked at   ARGV[2] the master's replication id
-- Returns {life of the partition, its count, {field, value, field, value, …} of members}.
-- What any version with a lower count of this life did is in it.
local ledger = redis.call('HMGET', KEYS[2], 'born', 'count')
return {
  (ledger[1] or '') .. '.' .. string.sub(ARGV[2], 1, 8),
  ledger[2] or '0',
  redis.call('HGETALL', KEYS[1]),
}
