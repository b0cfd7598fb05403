#!lua flags=allow-oom
-- Lets sessions end later.
--
-- KEYS[1] live: sessions by when they are over   KEYS[2…] their states, each a hash
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at   ARGV[3] from now, in ms
-- ARGV[4] ms after which the server forgets a state if nobody does   ARGV[5…] the sessions, at most 500, as their states
-- Returns those of them that are not over.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local over = string.format('%.0f', now + tonumber(ARGV[3]))
local renewed, scored = {}, {}
for index, score in ipairs(redis.call('ZMSCORE', KEYS[1], unpack(ARGV, 5))) do
  if score and tonumber(score) > now and redis.call('PEXPIRE', KEYS[index + 1], ARGV[4]) == 1 then
    renewed[#renewed + 1] = ARGV[index + 4]
    scored[#scored + 1] = over
    scored[#scored + 1] = ARGV[index + 4]
  end
end
if #scored > 0 then redis.call('ZADD', KEYS[1], 'XX', unpack(scored)) end
return renewed
