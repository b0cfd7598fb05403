#!lua
-- Claims work that is to be done once, or says what has become of it.
--
-- KEYS[1] a hash: owner, lease (until when the owner has it, in ms since 1970), over (when it is forgotten), answer
-- ARGV[1] now in ms, 0: as the server says   ARGV[2] is not looked at
-- ARGV[3] who asks, another name for each work   ARGV[4] the lease in ms   ARGV[5] how long an answer is kept, in ms
-- Returns {'work'} to whoever is to do it, {'wait'} while another does, {'answer', its answer} once it is done.
-- Whose lease has ended may have died in the middle: the work is another's then.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local known = redis.call('HMGET', KEYS[1], 'owner', 'lease', 'over', 'answer')
if known[4] and now < tonumber(known[3]) then return {'answer', known[4]} end
if known[1] and not known[4] and known[1] ~= ARGV[3] and now < tonumber(known[2]) then return {'wait'} end
local over = now + math.max(tonumber(ARGV[5]), tonumber(ARGV[4]))
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'owner', ARGV[3],
  'lease', string.format('%.0f', now + tonumber(ARGV[4])), 'over', string.format('%.0f', over))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', over - now + 5000))
return {'work'}
