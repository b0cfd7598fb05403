#!lua flags=allow-oom
-- Changes a text if it is still the one that the change was made from. A full server takes it too: what is kept so is small,
-- and a right that cannot be taken from somebody would be worse than a little more memory.
--
-- KEYS[1] a text
-- ARGV[1] and ARGV[2] are not looked at   ARGV[3] what it was, empty for nothing   ARGV[4] what it is to be, empty for nothing
-- Returns what it was; it was changed exactly when that is ARGV[3].
local before = redis.call('GET', KEYS[1]) or ''
if before == ARGV[3] then
  if ARGV[4] == '' then
    redis.call('DEL', KEYS[1])
  else
    redis.call('SET', KEYS[1], ARGV[4])
  end
end
return before
