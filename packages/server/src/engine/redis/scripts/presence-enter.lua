#!lua
-- Enters a session into a room, or changes its state there; its lease begins anew either way.
--
-- KEYS[1] members of the room   KEYS[2] entries of the room   KEYS[3] leases   KEYS[4] ledger: see presence-keys.ts
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] the master's replication id
-- ARGV[3] channel of the room   ARGV[4] what stands before the message   ARGV[5] the lease's name
-- ARGV[6] the name of the user's grace   ARGV[7] the lease's length in ms   ARGV[8] session   ARGV[9] user
-- ARGV[10] state as canonical JSON   ARGV[11] `enter`, or `hold`: the node says again what it holds true already
-- ARGV[12] since when the user is in if nobody here knows, in ms; 0: since now
-- Returns {life of the partition, since, message; '' when nobody sees a difference}.
-- A member is told once: the change, its version and its message are one step. An equal state says nothing. Holding what
-- is so changes nothing but the lease. States are texts, compared as such.
local members, entries, leases, ledger = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local replid = string.sub(ARGV[2], 1, 8)
local channel, envelope, lease, grace = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local leaseMs, session, user, state, hold, since = tonumber(ARGV[7]), ARGV[8], ARGV[9], ARGV[10], ARGV[11] == 'hold', ARGV[12]
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function life()
  return (redis.call('HGET', ledger, 'born') or '') .. '.' .. replid
end

-- No version is ever used again: the count begins at the time, so that it is past all that a lost ledger gave out.
local function nextVersion()
  if redis.call('HEXISTS', ledger, 'born') == 0 then
    local time = redis.call('TIME')
    local micros = string.format('%.0f', time[1] * 1000000 + time[2])
    redis.call('HSET', ledger, 'born', micros, 'count', micros)
  end
  return string.format('%.0f', redis.call('HINCRBY', ledger, 'count', 1)) .. '@' .. life()
end

local function tell(change, began)
  redis.call('HSET', members, 'u' .. user, began .. ' ' .. state)
  local from = redis.call('HGET', members, 'v') or '0'
  local to = nextVersion()
  redis.call('HSET', members, 'v', to)
  local count = redis.call('HLEN', members) - 1
  local message = table.concat({ from, to, count, change, began }, ' ') .. '\n' .. state .. '\n' .. user
  redis.call('SPUBLISH', channel, envelope .. message)
  return { life(), began, message }
end

redis.call('ZADD', leases, string.format('%.0f', now + leaseMs), lease)
local kept = redis.call('HGET', entries, user)
local list = kept and cmsgpack.unpack(kept) or { '' }
local at
for index = 2, #list, 2 do
  if list[index] == session then at = index end
end
local shown = kept and redis.call('HGET', members, 'u' .. user)
local began = shown and string.match(shown, '^(%d+) ')
if hold and at and list[at + 1] == state then return { life(), began, '' } end

if list[1] ~= '' then
  list[1] = ''
  redis.call('ZREM', leases, grace)
end
if at then
  table.remove(list, at + 1)
  table.remove(list, at)
end
list[#list + 1] = session
list[#list + 1] = state
redis.call('HSET', entries, user, cmsgpack.pack(list))
if not shown then return tell('join', since == '0' and string.format('%.0f', now) or since) end
if shown == began .. ' ' .. state then return { life(), began, '' } end
return tell('update', began)
