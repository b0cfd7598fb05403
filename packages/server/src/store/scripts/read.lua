#!lua flags=no-writes
-- What is at a key.
--
-- KEYS[1] a text
-- ARGV[1] and ARGV[2] are not looked at
-- Returns the text, or nil.
return redis.call('GET', KEYS[1])
