-- Queues an id, or parks it if its model is paused, notes it in the index, and counts what Redis holds
-- for it, unless too many wait already or too much is held. Whatever its own size, the first one is
-- taken.
--
-- drop.lua takes it out of the count. What it has not taken out when that has an end, as the job has
-- expired, is taken out here, where it could be in the way. Time is the server's.
--
-- KEYS  queue
--       held (hash: id, "bytes context ttl ended"; and the sums, "waiting" of the bytes and "contexts")
--       held until (sorted set: id, the end of that in ms)
--       parked, paused
--       index, index about, index ended
--       counters, minutes
-- ARGV  id, how many may wait, bytes of the job, those of them that are context, ttl (s), the most
--       bytes that may wait, and that may be context; how long it is kept when it has ended (s); its
--       tenant, label and model, as index about has them; the counter of what is created
-- Reply 1
--       0 if too many wait
--       2 if too many bytes wait
--       3 if there are too many bytes of context, also of what has ended
local INDEXED = 100000 -- at most, of what has ended

-- Each makes room for some, so that what is too much goes away in time.
local function bound_index()
	local ids = {}
	for i, one in ipairs(redis.call('ZPOPMIN', KEYS[8], 10)) do
		if i % 2 == 1 then
			ids[#ids + 1] = one
		end
	end
	if ids[1] then
		redis.call('ZREM', KEYS[6], unpack(ids))
		redis.call('HDEL', KEYS[7], unpack(ids))
	end
end

-- The first one of a minute removes what is older than an hour.
local function count_minute(now, what)
	local minute = math.floor(now / 60000)
	if redis.call('HINCRBY', KEYS[10], minute .. ' ' .. what, 1) > 1 then
		return
	end
	for _, field in ipairs(redis.call('HKEYS', KEYS[10])) do
		if tonumber(field:match('^%d+')) <= minute - 60 then
			redis.call('HDEL', KEYS[10], field)
		end
	end
end

local function is_paused()
	if redis.call('EXISTS', KEYS[5]) == 0 then
		return false
	end
	local label, model = ARGV[8]:match('^[^\31]*\31([^\31]*)\31(.*)$')
	for _, paused in ipairs(redis.call('SMISMEMBER', KEYS[5], label, model, '*')) do
		if paused == 1 then
			return true
		end
	end
	return false
end

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
if redis.call('LLEN', KEYS[1]) + redis.call('LLEN', KEYS[4]) >= tonumber(ARGV[2]) then
	return 0
end
if waiting > 0 and waiting + bytes > most then
	return 2
end
if context > 0 and contexts > 0 and contexts + context > most then
	return 3
end
if redis.call('HSETNX', KEYS[7], ARGV[1], now .. ' ' .. now .. ' open ' .. ARGV[8]) == 0 then
	return 1 -- likewise, and it has ended meanwhile
end
redis.call('ZADD', KEYS[6], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1],
	ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. ARGV[7],
	'waiting', waiting + bytes, 'contexts', contexts + context)
redis.call('ZADD', KEYS[3], now + ARGV[5] * 1000, ARGV[1])
redis.call('LPUSH', is_paused() and KEYS[4] or KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[9], ARGV[9], 1)
count_minute(now, 'created')
if redis.call('ZCARD', KEYS[6]) > INDEXED then
	bound_index()
end
return 1
