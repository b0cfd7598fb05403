#!lua flags=no-writes
-- What is at a key, some at a time.
--
-- KEYS[1] a key of any type
-- ARGV[1], ARGV[2] are not looked at   ARGV[3] where to go on, '' to begin
-- Returns its type, where to go on ('' at the end), and texts: of a string one, of a hash and a sorted set pairs, of a stream each
-- id followed by its first value.
local kind = redis.call('TYPE', KEYS[1]).ok
local from = ARGV[3]
if kind == 'string' then return { kind, '', redis.call('GET', KEYS[1]) } end
if kind == 'hash' or kind == 'zset' then
  local found = redis.call(kind == 'hash' and 'HSCAN' or 'ZSCAN', KEYS[1], from == '' and '0' or from, 'COUNT', 500)
  return { kind, found[1] == '0' and '' or found[1], unpack(found[2]) }
end
if kind == 'stream' then
  local found = redis.call('XRANGE', KEYS[1], from == '' and '-' or '(' .. from, '+', 'COUNT', 500)
  local texts = { kind, #found == 500 and found[#found][1] or '' }
  for _, entry in ipairs(found) do
    texts[#texts + 1] = entry[1]
    texts[#texts + 1] = entry[2][2]
  end
  return texts
end
return { kind, '' }
