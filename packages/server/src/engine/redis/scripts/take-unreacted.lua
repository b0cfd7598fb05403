#!lua flags=allow-oom
--[[
Takes what processes that are gone left unreacted: it is this process's own from now on, in the same step, so nobody else is
given it.

KEYS   1  the zset of who keeps unreacted events, 2 the hash in which this process keeps its own (see write.lua)
ARGV   1  time in ms, or 0 to ask the server; 2 the master's replication id (not used); 3 how long the lease is, ms
       4  how the names of hashes begin that earlier processes of this node kept: those are gone, whatever their leases say
       5  how many events at most, about
       6  how old this process's own are that are given too, ms: those that it may not know to have; -1 for none
RETURN 1 when there is more to take, then field and value of each event
ALSO   the hashes that KEYS[1] names, all in this slot
--]]
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local owners, own = KEYS[1], KEYS[2]
local earlier, most, doubtful = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local answer, taken, more = { 0 }, 0, 0

local function give(field, value)
  answer[#answer + 1], answer[#answer + 2] = field, value
end

-- Before the others' become its own.
if doubtful >= 0 then
  local kept = redis.call('HGETALL', own)
  for at = 1, #kept, 2 do
    if tonumber(string.match(kept[at + 1], '^%d+')) <= now - doubtful then give(kept[at], kept[at + 1]) end
  end
end

local function take_from(owner)
  local found = redis.call('HSCAN', owner, '0', 'COUNT', most - taken)[2]
  for at = 1, #found, 2 do
    redis.call('HSET', own, found[at], found[at + 1])
    redis.call('HDEL', owner, found[at])
    give(found[at], found[at + 1])
    taken = taken + 1
  end
  if redis.call('EXISTS', owner) == 0 then redis.call('ZREM', owners, owner) end
end

local kept_by = redis.call('ZRANGE', owners, 0, -1, 'WITHSCORES')
for at = 1, #kept_by, 2 do
  local owner, ends = kept_by[at], tonumber(kept_by[at + 1])
  if owner ~= own and (ends <= now or string.sub(owner, 1, #earlier) == earlier) then
    if taken < most then take_from(owner) else more = 1 end
    if redis.call('EXISTS', owner) == 1 then more = 1 end
  end
end
if taken > 0 then redis.call('ZADD', owners, now + ARGV[3], own) end
answer[1] = more
return answer
