#!lua flags=allow-oom
--[[
Where many rooms of one partition are: their tops, and the version of presence in each. Runs when the server is full too:
it writes only where a room has to begin.

KEYS   three a room: its meta and its log (see write.lua), the members that presence has there (presence-keys.ts)
ARGV   1  time in ms, or 0 to ask the server
       2  the master's replication id (not used)
       3  seed of new epochs, never used before
       4  what stands before a room's name in its channel
       then four a room: name; ms until its meta may expire (0 never); the epoch and the top that the caller knows ('' and 0:
       nothing)
RETURN epoch, top, version of presence ('0': nobody is in), room after room

I1 I4  A room without a meta, or whose top is below what is known of it, begins in a new epoch, and whoever listens is told.
       What is left of a log that was taken back is the begin of the new epoch's, under the same offsets.
       The meta of a room that is compared does not expire.
       Of a room in which nothing was ever said it is kept a day at most, for names cost nothing and whoever asks may invent them.
--]]
local seed, channels = ARGV[3], ARGV[4]
local now = tonumber(ARGV[1])
if now == 0 then now = redis.call('TIME')[1] * 1000 end
-- Each room's turn comes every while, about: 5 s between two comparisons make ten minutes.
local turn = math.floor(now / 1000) % 128
local day = 24 * 60 * 60 * 1000

-- As in write.lua.
local function go_on(meta_key, epoch, top, next_epoch)
  local former = redis.call('HGET', meta_key, 'f')
  former = (former and former .. ' ' or '') .. epoch .. ' ' .. top
  redis.call('HSET', meta_key, 'e', next_epoch, 'f', string.match(former, '%S+ %d+ %S+ %d+ %S+ %d+ %S+ %d+$') or former)
end

local answers = {}
for index = 1, #KEYS / 3 do
  local meta_key, log, presence = KEYS[index * 3 - 2], KEYS[index * 3 - 1], KEYS[index * 3]
  local arg = 1 + index * 4
  local name, ttl, known_epoch, known_top = ARGV[arg], tonumber(ARGV[arg + 1]), ARGV[arg + 2], tonumber(ARGV[arg + 3])
  local meta = redis.call('HMGET', meta_key, 'e', 't')
  local epoch, top = meta[1], tonumber(meta[2])
  if (top or 0) == 0 and (ttl == 0 or ttl > day) then ttl = day end
  if not epoch or (epoch == known_epoch and top < known_top) then
    local next_epoch = seed .. index
    if epoch then
      go_on(meta_key, epoch, meta[2], next_epoch)
    else
      top = 0
      redis.call('UNLINK', log)
      redis.call('HSET', meta_key, 'e', next_epoch, 't', '0', 'a', '0', 'x', '0')
      redis.call('PEXPIRE', meta_key, ttl)
    end
    epoch = next_epoch
    if known_epoch ~= '' then redis.call('SPUBLISH', channels .. name, '1 f ' .. epoch) end
  elseif ttl > 0 and (index + turn) % (ttl < day and 16 or 128) == 0 then
    redis.call('PEXPIRE', meta_key, ttl, 'GT')
  end
  local at = #answers
  answers[at + 1], answers[at + 2] = epoch, top
  answers[at + 3] = redis.call('HGET', presence, 'v') or '0'
end
return answers
