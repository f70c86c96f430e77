-- Takes an id out of a list for good, as its job has ended or is gone, and what was counted for it
-- out of the count, but for its context: Redis keeps that for ttl, and so long it is counted.
--
-- KEYS  held, held until: as in enqueue.lua; the list, if there is one
-- ARGV  id, 1 if the context is gone as well, or 0
-- Reply how often the id was in the list
local found = KEYS[3] and redis.call('LREM', KEYS[3], 0, ARGV[1]) or 0
local size, waiting, contexts =
	unpack(redis.call('HMGET', KEYS[1], ARGV[1], 'waiting', 'contexts'))
if not size then
	return found
end
local bytes, context, ttl = size:match('^(%d+) (%d+) (%d+)')
local keeps = context ~= '0' and ARGV[2] == '0'
if keeps and bytes == '0' then
	return found -- it was in another list as well
end
waiting = waiting - bytes
if keeps then
	local time = redis.call('TIME')
	local now = time[1] * 1000 + math.floor(time[2] / 1000)
	redis.call('HSET', KEYS[1], ARGV[1], '0 ' .. context .. ' ' .. ttl, 'waiting', waiting)
	redis.call('ZADD', KEYS[2], now + ttl * 1000, ARGV[1])
	return found
end
contexts = contexts - context
redis.call('ZREM', KEYS[2], ARGV[1])
if waiting == 0 and contexts == 0 then
	redis.call('DEL', KEYS[1])
else
	redis.call('HDEL', KEYS[1], ARGV[1])
	redis.call('HSET', KEYS[1], 'waiting', waiting, 'contexts', contexts)
end
return found
