#!lua flags=allow-oom
-- Says how work that was claimed goes on. On a full server too: else what was done would be done again.
--
-- KEYS[1] the hash of once-claim.lua
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at   ARGV[3] who claimed it
-- ARGV[4] `renew`: ARGV[5] the lease in ms from now | `answer`: ARGV[5] the answer | `fail`
-- Returns 1 when it was still the claimant's, else 0, and then nothing has changed.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local known = redis.call('HMGET', KEYS[1], 'owner', 'over', 'answer')
if known[1] ~= ARGV[3] or known[3] then return 0 end
if ARGV[4] == 'fail' then
  redis.call('DEL', KEYS[1])
elseif ARGV[4] == 'answer' then
  redis.call('HSET', KEYS[1], 'answer', ARGV[5])
else
  local lease = now + tonumber(ARGV[5])
  local over = math.max(tonumber(known[2]), lease)
  redis.call('HSET', KEYS[1], 'lease', string.format('%.0f', lease), 'over', string.format('%.0f', over))
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', over - now + 5000))
end
return 1
