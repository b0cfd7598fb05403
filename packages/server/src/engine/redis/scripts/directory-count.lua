#!lua flags=no-writes
--[[
Counts the sessions of one tenant on a node, a page at a time: nothing else of the server runs meanwhile, and a tenant may be large.

KEYS   1  the hash of sessions, 2 of users, 3 of rooms (see directory-write.lua)
ARGV   1  time (not used); 2  the master's replication id (not used)
       3  how many of each at once, about
       4  from where in the users, 5 in the rooms: '0' at first, then as given, '' when that is over
RETURN sessions, the next 4, {userId, count, …}, the next 5, {room, count, …}
A user or a room may come twice, and when it changes meanwhile with either count.
--]]
local answer = { redis.call('HLEN', KEYS[1]) }
for index = 2, 3 do
  local cursor, counts = ARGV[index + 2], {}
  if cursor ~= '' then
    local page = redis.call('HSCAN', KEYS[index], cursor, 'COUNT', ARGV[3])
    cursor, counts = page[1], page[2]
    if cursor == '0' then cursor = '' end
  end
  answer[#answer + 1], answer[#answer + 2] = cursor, counts
end
return answer
