#!lua flags=allow-oom
-- Deletes a key, or what in it belongs to a tenant.
--
-- KEYS[1] a key of any type
-- ARGV[1], ARGV[2] are not looked at   ARGV[3...] texts: members, fields and entries that hold one of them go; none: the key goes
-- Returns how many went.
if #ARGV == 2 then return redis.call('UNLINK', KEYS[1]) end
local function belongs(text)
  for index = 3, #ARGV do
    if string.find(text, ARGV[index], 1, true) then return true end
  end
  return false
end
local kind = redis.call('TYPE', KEYS[1]).ok
local gone = 0
if kind == 'hash' then
  local all = redis.call('HGETALL', KEYS[1])
  for index = 1, #all, 2 do
    if belongs(all[index]) or belongs(all[index + 1]) then gone = gone + redis.call('HDEL', KEYS[1], all[index]) end
  end
elseif kind == 'zset' then
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if belongs(member) then gone = gone + redis.call('ZREM', KEYS[1], member) end
  end
elseif kind == 'stream' then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do
    for _, text in ipairs(entry[2]) do
      if belongs(text) then
        gone = gone + redis.call('XDEL', KEYS[1], entry[1])
        break
      end
    end
  end
end
return gone
