#!lua flags=no-writes
--[[
Lists sessions of one tenant on some nodes.

KEYS   two a node: the hash of sessions, and the zset by user (see directory-write.lua)
ARGV   1  time (not used); 2  the master's replication id (not used)
       3  how many at most
       4  whose; '' for everybody's
RETURN list of what is said of each, JSON
--]]
local limit, user = tonumber(ARGV[3]), ARGV[4]
local found = {}
for index = 1, #KEYS, 2 do
  local sessions, by_user = KEYS[index], KEYS[index + 1]
  if user ~= '' then
    local least = user .. '\0'
    local names = redis.call('ZRANGEBYLEX', by_user, '[' .. least, '(' .. user .. '\1', 'LIMIT', 0, limit - #found)
    for _, name in ipairs(names) do
      local text = redis.call('HGET', sessions, string.sub(name, #least + 1))
      if text then found[#found + 1] = text end
    end
  else
    local cursor = '0'
    repeat
      local page = redis.call('HSCAN', sessions, cursor, 'COUNT', math.max(1, limit - #found))
      cursor = page[1]
      for field = 2, #page[2], 2 do
        if #found < limit then found[#found + 1] = page[2][field] end
      end
    until cursor == '0' or #found >= limit
  end
  if #found >= limit then break end
end
return found
