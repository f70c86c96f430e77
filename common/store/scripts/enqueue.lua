-- Queues an id, or parks it if its model is paused, notes it in the index, and counts what Redis
-- holds for it, unless too many wait already or too much is held. Whatever its own size, the first
-- one is taken. With one server it also stores the response and its job, for which there is
-- create.lua in a Cluster: then the two are one step, and of what is refused nothing is stored.
--
-- drop.lua takes it out of the count. What it has not taken out when that has an end, as the job has
-- expired, is taken out here, where it could be in the way. Time is the server's.
--
-- KEYS  queue
--       held (hash: id, "bytes context ttl kept"; and the sums, "waiting" of the bytes and
--         "contexts")
--       held until (sorted set: id, the end of that in ms)
--       parked, paused
--       index, index about, index ended
--       counters, minutes
--       with one server: response, job, and events if the response is streamed
-- ARGV  id, how many may wait, bytes of the job, those of them that are context, ttl (s), the most
--       bytes that may wait, and that may be context
--       how long it is kept when it has ended (s)
--       its tenant, label and model, as index about has them; the counter of what is created
--       with one server: what create.lua gets, but for ttl
-- Reply 1
--       0 if too many wait
--       2 if too many bytes wait
--       3 if there are too many bytes of context, also of what has ended
-- include new_job.lua
-- include minutes.lua

local call = redis.call
local INDEXED = 100000 -- at most, of what has ended
local BOUNDED = 8 -- one in so many looks whether there are more

local id, most_queued = ARGV[1], tonumber(ARGV[2])
local known, waiting, contexts = unpack(call('HMGET', KEYS[2], id, 'waiting', 'contexts'))
if known then
	return 1 -- the reply was lost, and this is the second time
end
local has_sums = contexts
waiting, contexts = tonumber(waiting or 0), tonumber(contexts or 0)
local bytes, context, most = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if context > 0 or waiting + bytes > most then
	local over = call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)
	for _, other in ipairs(over) do
		local size = call('HGET', KEYS[2], other) or '0 0'
		local its_bytes, its_context = size:match('^(%d+) (%d+)')
		waiting, contexts = waiting - its_bytes, contexts - its_context
		call('HDEL', KEYS[2], other)
		call('ZREM', KEYS[3], other)
	end
	if over[1] then
		call('HSET', KEYS[2], 'waiting', waiting, 'contexts', contexts)
	end
end

-- Nothing is parked while nothing is paused.
local queue, others = KEYS[1], 0
if call('EXISTS', KEYS[5]) == 1 then
	local label, model = ARGV[8]:match('^[^\31]*\31([^\31]*)\31([^\31]*)')
	local is = call('SMISMEMBER', KEYS[5], label, model, '*')
	local pausing = is[1] + is[2] + is[3] > 0
	queue, others = pausing and KEYS[4] or queue, call('LLEN', pausing and KEYS[1] or KEYS[4])
end
local refused = waiting > 0 and waiting + bytes > most and 2
	or context > 0 and contexts > 0 and contexts + context > most and 3
if refused then
	return call('LLEN', queue) + others >= most_queued and 0 or refused
end
if call('LPUSH', queue, id) + others > most_queued then
	call('LPOP', queue)
	return 0
end

-- Numbers are written as text here, as Redis takes five times as long to do it.
local ms, ttl = string.format('%d', now), ARGV[5]
if call('HSETNX', KEYS[7], id, ms .. ' ' .. ms .. ' open ' .. ARGV[8]) == 0 then
	call('LPOP', queue) -- likewise, and it has ended meanwhile
	return 1
end
if KEYS[11] then
	store(KEYS[11], KEYS[12], KEYS[13], ttl, ms, 10)
end
call('ZADD', KEYS[6], ms, id)
local size = ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ttl .. ' ' .. ARGV[7]
waiting = string.format('%d', waiting + bytes)
if has_sums and context == 0 then
	call('HSET', KEYS[2], id, size, 'waiting', waiting)
else
	call('HSET', KEYS[2], id, size, 'waiting', waiting, 'contexts', contexts + context)
end
call('ZADD', KEYS[3], string.format('%d', now + ttl * 1000), id)
call('HINCRBY', KEYS[9], ARGV[9], '1')
count_minute(KEYS[10], time, 'created')

-- What is too much in the index goes away in time.
if time[2] % BOUNDED == 0 and call('ZCARD', KEYS[6]) > INDEXED then
	local soonest = call('ZPOPMIN', KEYS[8], 10 * BOUNDED)
	for i = 1, #soonest, 2 do
		call('ZREM', KEYS[6], soonest[i])
		call('HDEL', KEYS[7], soonest[i])
	end
end
return 1
