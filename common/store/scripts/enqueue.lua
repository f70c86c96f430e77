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
local call = redis.call
local INDEXED = 100000 -- at most, of what has ended
local BOUNDED = 8 -- one in so many looks whether there are more

-- What is too much goes away in time.
local function bound_index()
	local ids = {}
	for i, one in ipairs(call('ZPOPMIN', KEYS[8], 10 * BOUNDED)) do
		if i % 2 == 1 then
			ids[#ids + 1] = one
		end
	end
	if ids[1] then
		call('ZREM', KEYS[6], unpack(ids))
		call('HDEL', KEYS[7], unpack(ids))
	end
end

local function forget_old_minutes(minute)
	for _, field in ipairs(call('HKEYS', KEYS[10])) do
		if tonumber(field:match('^%d+')) <= minute - 60 then
			call('HDEL', KEYS[10], field)
		end
	end
end

local function is_paused()
	local label, model = ARGV[8]:match('^[^\31]*\31([^\31]*)\31(.*)$')
	for _, paused in ipairs(call('SMISMEMBER', KEYS[5], label, model, '*')) do
		if paused == 1 then
			return true
		end
	end
	return false
end

-- As create.lua does.
local function store(ms)
	local last, ttl = #ARGV, ARGV[5]
	if KEYS[13] then
		call('RPUSH', KEYS[13], ARGV[last])
		call('EXPIRE', KEYS[13], ttl)
		last = last - 1
	end
	call('SET', KEYS[11], ARGV[10], 'EX', ttl)
	call('HSET', KEYS[12], 'state', 'queued', 'ttl', ttl, 'fence', '0', 'attempts', '0',
		'created', ms, unpack(ARGV, 11, last))
	call('EXPIRE', KEYS[12], ttl)
end

local id = ARGV[1]
local known, waiting, contexts = unpack(call('HMGET', KEYS[2], id, 'waiting', 'contexts'))
if known then
	return 1 -- the reply was lost, and this is the second time
end
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
local pausing = call('EXISTS', KEYS[5]) == 1
local queued = call('LLEN', KEYS[1]) + (pausing and call('LLEN', KEYS[4]) or 0)
if queued >= tonumber(ARGV[2]) then
	return 0
end
if waiting > 0 and waiting + bytes > most then
	return 2
end
if context > 0 and contexts > 0 and contexts + context > most then
	return 3
end
-- Numbers are written as text here, as Redis takes five times as long to do it.
local ms = string.format('%d', now)
if call('HSETNX', KEYS[7], id, ms .. ' ' .. ms .. ' open ' .. ARGV[8]) == 0 then
	return 1 -- likewise, and it has ended meanwhile
end
if KEYS[11] then
	store(ms)
end
call('ZADD', KEYS[6], ms, id)
call('HSET', KEYS[2], id, ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. ARGV[7],
	'waiting', string.format('%d', waiting + bytes),
	'contexts', string.format('%d', contexts + context))
call('ZADD', KEYS[3], string.format('%d', now + ARGV[5] * 1000), id)
call('LPUSH', pausing and is_paused() and KEYS[4] or KEYS[1], id)
call('HINCRBY', KEYS[9], ARGV[9], '1')
local minute = math.floor(now / 60000)
if call('HINCRBY', KEYS[10], string.format('%d created', minute), '1') == 1 then
	forget_old_minutes(minute)
end
if time[2] % BOUNDED == 0 and call('ZCARD', KEYS[6]) > INDEXED then
	bound_index()
end
return 1
