#!lua
--[[
Publishes into and forgets rooms of one partition, in order: append, trim, idempotency and fan-out are one step for each
write, and a batch of them is one round trip. A full server refuses the whole script before anything is written.

KEYS   1    the partition's life: the hash {replid, since} of the fence
       2    the zset of who keeps unreacted events; members are names of hashes, scores when their lease is over
       3    the hash in which this process keeps its own
       then two a room: its meta {e = epoch, t = top, a = time of its last event, x = when its log expires, f = epochs that it
       was in before, each with the top at which it ended: the last four, '<epoch> <top> …'}, its log (a stream of
       <offset>-<time> → the event as JSON without its offset)
       then the idempotency keys
ARGV   1    time in ms, or 0 to ask the server
       2    the master's replication id, as the connection knows it
       3    seed of new epochs, never used before
       4    how long an idempotency key counts, ms
       5    how long the lease of unreacted events is, ms
       6    what stands before a room's name in its channel
       7    how many rooms
       then six a room: name; keep; age in ms (both -1 for no end); ms until its meta may expire (0 never); the epoch and the
       top that the caller knows ('' and 0: nothing)
       then a write: '<index of the room>', the event's JSON; or, when anything is special about it,
                     'p<index of the room> <what>', the event's JSON, the index of its idempotency key in KEYS (0: none), the
                     event's id and timestamp; or
                     'f<index of the room> ', with a u behind it when the room's name is never used again
       Special are, one letter each: k = it has a key, r = keep it as unreacted, w = wait with the fan-out
RETURN ARGV[2], then for each write: offset, published in the epoch that the caller knows or was told last in this answer,
       or a list: {1, epoch, offset} published, {2, epoch, offset, timestamp, id} published earlier, {3, epoch} forgotten,
       {0, why} not done, alone of all
ERROR  FENCED  the master is not who the caller takes it for, or is new: nothing was done

I1 I4  A room without a meta, or whose top is below what is known of it, begins in a new epoch before anything is appended.
       What is left of a log that was taken back is the begin of the new epoch's, under the same offsets, and so are the
       receipts of what is left.
       The other keys that a forget looks into are those that KEYS[2] names, all in this slot.
--]]
local asked = tonumber(ARGV[1])
local function server_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local now = asked > 0 and asked or server_time()

local life = redis.call('HMGET', KEYS[1], 'replid', 'since')
local since = tonumber(life[2])
if life[1] and (life[1] ~= ARGV[2] or (since <= now and now < since + 1000)) then
  return redis.error_reply('FENCED what the nodes know is compared with this master first')
end

local seed, window, lease, channels = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local count = tonumber(ARGV[7])
local owners, own = KEYS[2], KEYS[3]
local minted = 0
local rooms = {}
local leased = false

local function text(number) return string.format('%d', number) end

local now_text = text(now)

local function next_epoch()
  minted = minted + 1
  return seed .. minted
end

local function begin_again(room)
  if room.epoch then redis.call('HDEL', room.meta, 'f') end
  room.epoch, room.top, room.at, room.expires = next_epoch(), 0, 0, 0
  room.top_text, room.at_text, room.changed = '0', '0', true
  redis.call('UNLINK', room.log)
end

-- As in compare.lua.
local function go_on(room)
  local former = redis.call('HGET', room.meta, 'f')
  former = (former and former .. ' ' or '') .. room.epoch .. ' ' .. room.top_text
  redis.call('HSET', room.meta, 'f', string.match(former, '%S+ %d+ %S+ %d+ %S+ %d+ %S+ %d+$') or former)
  room.epoch, room.changed = next_epoch(), true
end

local function tell_forgotten(room)
  redis.call('SPUBLISH', room.channel, '1 f ' .. room.epoch)
end

-- All its fields from the start: a table that grows is what most of the time would go into.
local function open(index)
  local arg, key = 8 + (index - 1) * 6, 4 + (index - 1) * 2
  local known_epoch, known_top = ARGV[arg + 4], tonumber(ARGV[arg + 5])
  local meta = redis.call('HMGET', KEYS[key], 'e', 't', 'a', 'x')
  local top = tonumber(meta[2])
  local room = {
    name = ARGV[arg], channel = channels .. ARGV[arg], told = known_epoch, keep = tonumber(ARGV[arg + 1]), age = tonumber(ARGV[arg + 2]), ttl = tonumber(ARGV[arg + 3]),
    meta = KEYS[key], log = KEYS[key + 1], epoch = meta[1], top = top, at = tonumber(meta[3]), expires = tonumber(meta[4]),
    top_text = meta[2], at_text = meta[3], before = top, changed = false, gone = false,
  }
  if not meta[1] then
    begin_again(room)
    if known_epoch ~= '' then tell_forgotten(room) end
  elseif room.epoch == known_epoch and top < known_top then
    go_on(room)
    tell_forgotten(room)
  end
  room.before = room.top
  rooms[index] = room
  return room
end

-- An epoch of the room's before, of which at least so much was left when it ended.
local function is_left(room, epoch, offset)
  for before, top in string.gmatch(redis.call('HGET', room.meta, 'f') or '', '(%S+) (%d+)') do
    if before == epoch then return offset <= tonumber(top) end
  end
  return false
end

local function published_before(room, key)
  local kept = redis.call('GET', key)
  if not kept then return nil end
  local epoch, digits, at, timestamp, id = string.match(kept, '^(%S+) (%d+) (%d+) (%S+) (.*)$')
  local offset = tonumber(digits)
  if not offset or tonumber(at) <= now - window then return nil end
  if epoch ~= room.epoch and not is_left(room, epoch, offset) then return nil end
  return { 2, room.epoch, offset, timestamp, id }
end

-- What went wrong, or nil.
local function append(room, body)
  local offset, at, at_text = room.top + 1, now, now_text
  if room.at > now then at, at_text = room.at, room.at_text end
  local offset_text = text(offset)
  if room.keep == 0 then
    redis.call('UNLINK', room.log)
  else
    local added = redis.pcall('XADD', room.log, offset_text .. '-' .. at_text, 'e', body)
    if type(added) == 'table' then return added end
  end
  room.top, room.at, room.changed, room.gone = offset, at, true, false
  room.top_text, room.at_text = offset_text, at_text
  return nil
end

local function publish(room, special, body, arg)
  local key = special ~= '' and tonumber(ARGV[arg]) > 0 and KEYS[tonumber(ARGV[arg])] or nil
  local known = key and published_before(room, key)
  if known then return known end
  if append(room, body) then
    -- A log that is ahead of its meta, or no log at all, can only be somebody else's work.
    begin_again(room)
    tell_forgotten(room)
    local wrong = append(room, body)
    if wrong then error(wrong) end
  end
  if key then
    local receipt = room.epoch .. ' ' .. room.top_text .. ' ' .. room.at_text .. ' ' .. ARGV[arg + 2] .. ' ' .. ARGV[arg + 1]
    redis.call('SET', key, receipt, 'PX', window)
  end
  if string.find(special, 'r', 1, true) then
    if not leased then redis.call('ZADD', owners, now + lease, own) end
    leased = true
    redis.call('HSET', own, room.name .. '\n' .. ARGV[arg + 1], room.at_text .. ' ' .. room.top_text .. ' ' .. body)
  end
  if not string.find(special, 'w', 1, true) then
    redis.call('SPUBLISH', room.channel, '1 e ' .. room.epoch .. ' ' .. room.top_text .. ' ' .. body)
  end
  if room.told == room.epoch then return room.top end
  room.told = room.epoch
  return { 1, room.epoch, room.top }
end

local function forget_unreacted(room)
  local prefix = room.name .. '\n'
  for _, owner in ipairs(redis.call('ZRANGE', owners, 0, -1)) do
    for _, field in ipairs(redis.call('HKEYS', owner)) do
      if string.sub(field, 1, #prefix) == prefix then redis.call('HDEL', owner, field) end
    end
  end
end

local function forget(room, special)
  begin_again(room)
  -- Who listens still compares it for a moment, and must not find it to have begun again.
  if special == 'u' then room.gone = 60000 end
  -- Nobody reacts to what is in a room that is one session's own.
  if special ~= 'u' then forget_unreacted(room) end
  tell_forgotten(room)
  return { 3, room.epoch }
end

-- What is before the last of those that are too old, looking at one event in 64.
local function take_off_old(room)
  local oldest = redis.call('XRANGE', room.log, '-', '+', 'COUNT', 1)[1]
  if not oldest then return end
  local first, cut = tonumber(string.match(oldest[1], '^%d+')), nil
  for probe = first + 63, math.min(room.top, first + 64 * 32 - 1), 64 do
    local entry = redis.call('XRANGE', room.log, text(probe), text(probe))[1]
    if not entry or tonumber(string.match(entry[1], '%d+$')) > now - room.age then break end
    cut = probe
  end
  if cut then redis.call('XTRIM', room.log, 'MINID', '~', text(cut)) end
end

-- Not with every event: what is no longer kept is not read, though it may be there yet.
local function trim(room)
  if room.keep == 0 or math.floor(room.top / 64) == math.floor(room.before / 64) then return end
  if room.keep > 0 then redis.call('XTRIM', room.log, 'MAXLEN', '~', room.keep) end
  if room.age >= 0 then take_off_old(room) end
end

-- When the log expires, and (unless that stands already) the lives of meta and log. Not with every event: what is kept a
-- little too long is still read as being too old.
local function life_of(room)
  if room.gone then return 0, room.gone end
  if room.keep == 0 then return 0, room.ttl end
  if room.ttl == 0 then return -1 end
  local late = math.floor(room.age / 8) + 60000
  if room.expires >= now + room.age + late / 2 then return room.expires end
  return now + room.age + late, room.ttl + late, room.age + late
end

local function close(room)
  if not room.changed then return end
  trim(room)
  local expires, meta_life, log_life = life_of(room)
  redis.call('HSET', room.meta, 'e', room.epoch, 't', room.top_text, 'a', room.at_text, 'x', text(expires))
  if meta_life then redis.call('PEXPIRE', room.meta, meta_life) end
  if log_life then redis.call('PEXPIRE', room.log, log_life) end
  if expires == -1 and room.expires ~= -1 then
    redis.call('PERSIST', room.meta)
    redis.call('PERSIST', room.log)
  end
end

local function done(kind, index, special, arg)
  local room = rooms[index] or open(index)
  if kind == 'f' then return forget(room, special) end
  return publish(room, special, ARGV[arg + 1], arg + 2)
end

local answers = { ARGV[2] }
local arg = 8 + count * 6
while ARGV[arg] do
  local kind, index, special, size = 'p', tonumber(ARGV[arg]), '', 2
  if not index then
    kind, index, special = string.match(ARGV[arg], '^(%a)(%d+) (%a*)$')
    index, size = tonumber(index), kind == 'f' and 1 or 5
  end
  local ok, answer = pcall(done, kind, index, special, arg)
  if not ok then answer = { 0, type(answer) == 'table' and answer.err or tostring(answer) } end
  answers[#answers + 1] = answer
  arg = arg + size
end
for _, room in pairs(rooms) do close(room) end
return answers
