#!lua flags=allow-oom
-- Forgets a session's state; it is never given out again (S4).
--
-- KEYS[1] the state   KEYS[2] live: sessions by when they are over   KEYS[3] taken: by when their taker must have dealt with them
-- ARGV[1], ARGV[2] are not looked at   ARGV[3] session
-- Returns 1 when there was one, else 0.
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('ZREM', KEYS[3], ARGV[3])
return redis.call('DEL', KEYS[1])
