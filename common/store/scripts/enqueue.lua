-- Queues an id and counts what Redis holds for it, unless too many wait already or too much is held.
-- Whatever its own size, the first one is taken.
--
-- drop.lua takes it out of the count. What it has not taken out when that has an end, as the job has
-- expired, is taken out here, where it could be in the way. Time is the server's.
--
-- KEYS  queue
--       held (hash: id, "bytes context ttl"; and the sums, "waiting" of the bytes and "contexts")
--       held until (sorted set: id, the end of that in ms)
-- ARGV  id, how many may wait, bytes of the job, those of them that are context, ttl (s), the most
--       bytes that may wait, and that may be context
-- Reply 1
--       0 if too many wait
--       2 if too many bytes wait
--       3 if there are too many bytes of context, also of what has ended
local known, waiting, contexts =
	unpack(redis.call('HMGET', KEYS[2], ARGV[1], 'waiting', 'contexts'))
if known then
	return 1 -- the reply was lost, and this is the second time
end
waiting, contexts = tonumber(waiting or 0), tonumber(contexts or 0)
local bytes, context, most = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if context > 0 or waiting + bytes > most then
	local over = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)
	for _, id in ipairs(over) do
		local size = redis.call('HGET', KEYS[2], id) or '0 0'
		local its_bytes, its_context = size:match('^(%d+) (%d+)')
		waiting, contexts = waiting - its_bytes, contexts - its_context
		redis.call('HDEL', KEYS[2], id)
		redis.call('ZREM', KEYS[3], id)
	end
	if over[1] then
		redis.call('HSET', KEYS[2], 'waiting', waiting, 'contexts', contexts)
	end
end
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[2]) then
	return 0
end
if waiting > 0 and waiting + bytes > most then
	return 2
end
if context > 0 and contexts > 0 and contexts + context > most then
	return 3
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5],
	'waiting', waiting + bytes, 'contexts', contexts + context)
redis.call('ZADD', KEYS[3], now + ARGV[5] * 1000, ARGV[1])
redis.call('LPUSH', KEYS[1], ARGV[1])
return 1
