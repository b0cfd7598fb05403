#!lua
--[[
Writes what a node says of its sessions in one tenant, and counts it by user and room.

KEYS   1  hash session → what is said of it, JSON with userId and rooms
       2  hash userId → how many sessions
       3  hash room → how many sessions
       4  zset, all scores 0: `<userId> NUL <session>`, to find a user's
       5  the number of the last write
ARGV   1  time (not used); 2  the master's replication id (not used)
       3  for how long the keys are kept, ms
       4  the number of the last write, as the node knows it; '' when it begins anew
       5  the number of this write
       then session and JSON in turn; '' for a session that is gone
RETURN how many sessions there are now; -1 when the last write is not what the node knows, and nothing was done
--]]
if ARGV[4] == '' then
  redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
elseif redis.call('GET', KEYS[5]) ~= ARGV[4] then
  return -1
end
local function count(key, field, by)
  if redis.call('HINCRBY', key, field, by) <= 0 then redis.call('HDEL', key, field) end
end
local function tally(session, text, by)
  local info = cjson.decode(text)
  count(KEYS[2], info.userId, by)
  for _, room in ipairs(info.rooms) do count(KEYS[3], room, by) end
  return info.userId .. '\0' .. session
end
for index = 6, #ARGV, 2 do
  local session, text = ARGV[index], ARGV[index + 1]
  local before = redis.call('HGET', KEYS[1], session)
  if before then
    redis.call('ZREM', KEYS[4], tally(session, before, -1))
    redis.call('HDEL', KEYS[1], session)
  end
  if text ~= '' then
    redis.call('ZADD', KEYS[4], 0, tally(session, text, 1))
    redis.call('HSET', KEYS[1], session, text)
  end
end
redis.call('SET', KEYS[5], ARGV[5], 'PX', ARGV[3])
for index = 1, 4 do redis.call('PEXPIRE', KEYS[index], ARGV[3]) end
return redis.call('HLEN', KEYS[1])
