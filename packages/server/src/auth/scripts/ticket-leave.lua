#!lua flags=allow-oom
-- Gives a user's place back once the ticket was used.
--
-- KEYS[1] the user's places: a sorted set of tickets' hashes by when they are over
-- ARGV[1] and ARGV[2] are not looked at   ARGV[3] the ticket's hash
-- Returns 1, or 0 when it was free already.
return redis.call('ZREM', KEYS[1], ARGV[3])
