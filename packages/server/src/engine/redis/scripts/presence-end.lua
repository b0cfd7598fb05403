#!lua flags=allow-oom
-- Ends one session's entry in a room, now or after a grace, or every entry and grace of the partition whose time is over.
-- Runs on a full server too: it is what helps there.
--
-- KEYS[1] leases   KEYS[2] ledger: see presence-keys.ts
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] the master's replication id
-- ARGV[3] what the keys of members begin with, ARGV[4] those of entries, ARGV[5] the channels   ARGV[6] what stands before a message
-- ARGV[7] `leave` with ARGV[8] the lease's name and ARGV[9] the grace in ms, 0 for none
--      or `sweep` with ARGV[8] how many at most, oldest first; ARGV[9] and ARGV[10] in ms of the server: when nobody swept for
--      longer than the first, nobody can have renewed either, and nothing ends for as long as the second
-- Returns {life of the partition, how many were over, room, message, room, message, …}.
-- Whoever takes a lease out tells what follows from it; nobody else can. A user is told to leave after the last session.
-- All keys that begin so are in the slot of KEYS[1].
local leases, ledger = KEYS[1], KEYS[2]
local replid = string.sub(ARGV[2], 1, 8)
local envelope = ARGV[6]
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local told = { '', 0 }

-- By the server's own time, for it is the server that was away.
local function isMerciful()
  local time = redis.call('TIME')
  local at = time[1] * 1000 + math.floor(time[2] / 1000)
  if redis.call('EXISTS', leases) == 0 then
    redis.call('HDEL', ledger, 'swept', 'mercy')
    return true
  end
  local kept = redis.call('HMGET', ledger, 'swept', 'mercy')
  local swept, mercy = tonumber(kept[1] or at), tonumber(kept[2] or 0)
  if at - swept > tonumber(ARGV[9]) then
    mercy = at + tonumber(ARGV[10])
    redis.call('HSET', ledger, 'mercy', string.format('%.0f', mercy))
  end
  -- Not by every node each time.
  if not kept[1] or at - swept > tonumber(ARGV[9]) / 4 then redis.call('HSET', ledger, 'swept', string.format('%.0f', at)) end
  return at < mercy
end

local function life()
  return (redis.call('HGET', ledger, 'born') or '') .. '.' .. replid
end

local function tell(room, user, change, shown)
  local members = ARGV[3] .. room
  local began, state = string.match(shown, '^(%d+) (.*)$')
  if change == 'leave' then
    redis.call('HDEL', members, 'u' .. user)
  else
    redis.call('HSET', members, 'u' .. user, shown)
  end
  local from = redis.call('HGET', members, 'v') or '0'
  local to = string.format('%.0f', redis.call('HINCRBY', ledger, 'count', 1)) .. '@' .. life()
  local count = redis.call('HLEN', members) - 1
  if count == 0 then redis.call('DEL', members) else redis.call('HSET', members, 'v', to) end
  local message = table.concat({ from, to, count, change, began }, ' ') .. '\n' .. state .. '\n' .. user
  redis.call('SPUBLISH', ARGV[5] .. room, envelope .. message)
  told[#told + 1] = room
  told[#told + 1] = message
end

local function remove(room, user, shown)
  redis.call('ZREM', leases, '|' .. room .. '|' .. user)
  redis.call('HDEL', ARGV[4] .. room, user)
  tell(room, user, 'leave', shown)
end

-- Without a session: the grace of the user is over. All is read before anything is written: while the slot is on its way to
-- another server a key may be there already, and the script ends where it asks for it.
local function finish(lease, graceMs)
  local session, tenant, name, user = string.match(lease, '^([^|]*)|([^|]*)|([^|]*)|(.*)$')
  local room = tenant .. '|' .. name
  local entries = ARGV[4] .. room
  local kept = redis.call('HGET', entries, user)
  local shown = kept and redis.call('HGET', ARGV[3] .. room, 'u' .. user)
  redis.call('ZREM', leases, lease)
  if not kept then return end
  -- The server dropped what others see of the user: there is nobody to tell of, and no end must wait for that.
  if not shown then return redis.call('HDEL', entries, user) end
  local list = cmsgpack.unpack(kept)
  local at
  for index = 2, #list, 2 do
    if list[index] == session then at = index end
  end
  if not at then
    if list[1] ~= '' and graceMs == 0 and (session == '' or session == list[1]) then remove(room, user, shown) end
    return
  end
  table.remove(list, at + 1)
  table.remove(list, at)
  if #list > 1 then
    redis.call('HSET', entries, user, cmsgpack.pack(list))
    local seen = string.match(shown, '^%d+ ') .. list[#list]
    if shown ~= seen then tell(room, user, 'update', seen) end
  elseif graceMs == 0 then
    remove(room, user, shown)
  else
    list[1] = session
    redis.call('HSET', entries, user, cmsgpack.pack(list))
    redis.call('ZADD', leases, string.format('%.0f', now + graceMs), '|' .. room .. '|' .. user)
  end
end

if ARGV[7] == 'leave' then
  finish(ARGV[8], tonumber(ARGV[9]))
elseif not isMerciful() then
  local over = redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[8])
  for _, lease in ipairs(over) do
    finish(lease, 0)
  end
  told[2] = #over
end
told[1] = life()
return told
