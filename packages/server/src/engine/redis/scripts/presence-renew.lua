#!lua flags=allow-oom
-- Lengthens leases. Those that are not there stay so.
--
-- KEYS[1] leases   KEYS[2] ledger: see presence-keys.ts
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] the master's replication id   ARGV[3] their length in ms
-- ARGV[4…] their names, at most 500
-- Returns {life of the partition, name of one that is not there, …}.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local over = string.format('%.0f', now + tonumber(ARGV[3]))
local answer = { (redis.call('HGET', KEYS[2], 'born') or '') .. '.' .. string.sub(ARGV[2], 1, 8) }
local renewed = {}
local scores = redis.call('ZMSCORE', KEYS[1], unpack(ARGV, 4))
for index, score in ipairs(scores) do
  if score then
    renewed[#renewed + 1] = over
    renewed[#renewed + 1] = ARGV[index + 3]
  else
    answer[#answer + 1] = ARGV[index + 3]
  end
end
if #renewed > 0 then redis.call('ZADD', KEYS[1], 'XX', unpack(renewed)) end
return answer
