-- Takes a new job in: gives its id a seat and queues it, if one is free that it may have, or puts it
-- into its tenant's line, or parks it if its model is paused; notes it in the index; and counts what
-- Redis holds for it. That is unless its key's limits are against it, too many wait already, or too
-- much is held. Whatever its own size, the first one is taken. With one server it also stores the
-- response and its job, for which there is create.lua in a Cluster: then the two are one step, and of
-- what is refused nothing is stored.
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
--       shares, seats, lines, turns, passes, the line: as in shared/shares.lua
--       rates, budgets: as in shared/rates.lua and shared/budgets.lua
--       if there is an Idempotency-Key: what it stands for, "<id> <digest of the request>"
--       with one server: response, job, and events if the response is streamed
-- ARGV  id, how many may wait, bytes of the job, those of them that are context, ttl (s), the most
--       bytes that may wait, and that may be context
--       how long it is kept when it has ended (s)
--       its tenant, label and model, and more, as index about has them; the counter of what is
--         created
--       the name of the line
--       the limits, as in shared/limits.lua; the counter of what is refused, with the tenant,
--         without its last label
--       if there is an Idempotency-Key: "<digest of the request> <how long it holds (s)>", and
--         behind a blank the id of a response that it stands for no more, as that is gone; else ""
--       with one server: what create.lua gets, but for ttl
-- Reply 1
--       0 if too many wait
--       2 if too many bytes wait
--       3 if there are too many bytes of context, also of what has ended
--       "<requests> <tokens> <ms>" if one of these is limited: what is left then, as in
--         shared/rates.lua
--       {4 to 7, how long to wait (ms), and what rates_tell() adds} as one of the limits is reached
--       {8, id} if the Idempotency-Key stands for that response
--       {9, id} if it does, which another request has made
-- include new_job.lua
-- include minutes.lua

local call = redis.call
local INDEXED = 100000 -- at most, of what has ended
local BOUNDED = 8 -- one in so many looks whether there are more
local UNLIMITED = '- - - - 1 - - 0' -- as most keys are

local queue, parked, index_about, shares, seats, lines, turns, passes, rates, budgets = KEYS[1],
	KEYS[4], KEYS[7], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[17], KEYS[18]
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

-- include seats.lua

local digest, holds_for, gone = ARGV[13]:match('^(%S+) (%d+) ?(.*)$')
local first_key = digest and 20 or 19
if digest then
	local stands_for, of = (call('GET', KEYS[19]) or ''):match('^(%S+) (%S+)$')
	if stands_for == id then
		return 1 -- likewise, and it has ended meanwhile
	elseif stands_for and stands_for ~= gone then
		return {of == digest and 8 or 9, stands_for}
	end
end

local tenant, label, model = ARGV[8]:match('^([^\31]*)\31([^\31]*)\31([^\31]*)')
local line = ARGV[10]
local running, its_limits, its_parked, all_stand, capacity, mixed, last = unpack(call('HMGET',
	shares, 'running\31' .. tenant, 'limits\31' .. tenant, 'parked\31' .. tenant, 'waiting',
	'capacity', 'mixed', 'last'))
running, its_parked, all_stand, capacity = tonumber(running) or 0, tonumber(its_parked) or 0,
	tonumber(all_stand) or 0, tonumber(capacity) or 0

local most_waiting, limited, charge -- nil if the key has no limits: functions cost time
if ARGV[11] ~= '' and (ARGV[11] ~= UNLIMITED or (its_limits or PLAIN) ~= PLAIN) then
-- include limits.lua
	local MAX_QUEUE = 6
	local limits = limits_read(ARGV[11], tenant)
	most_waiting = limits.queue

	if limits.in_shares ~= (its_limits or PLAIN) then
-- include lines.lua
		call('HSET', shares, 'limits\31' .. tenant, limits.in_shares)
		block(tenant)
		if running < (limits.parallel or math.huge) then
			unblock(tenant)
		end
	end
	its_limits = limits.in_shares

	-- The reply if one of the limits is reached, and which.
	function limited(queue_is_full)
		local why, wait = limits_refuse(limits, tenant, queue_is_full and MAX_QUEUE)
		if why then
			return rates_tell(limits, why, wait), LIMIT_NAMES[why]
		end
	end

	-- The reply to what is not refused: Redis takes longer for one of several numbers.
	function charge()
		return rates_charge(limits, tenant) or 1
	end
end
local most_running, weight = read_limits(its_limits)
local its_stand = 0
if all_stand > 0 then
	for _, number in ipairs(call('HMGET', lines, '0' .. tenant, '1' .. tenant, '2' .. tenant)) do
		its_stand = its_stand + (number or 0)
	end
end

-- Nothing is parked while nothing is paused.
local is_paused, all_parked = false, 0
if call('EXISTS', KEYS[5]) == 1 then
	local is = call('SMISMEMBER', KEYS[5], label, model, '*')
	is_paused = is[1] + is[2] + is[3] > 0
	all_parked = call('LLEN', parked)
end
local seated = capacity > 0 and call('HLEN', seats) or 0
local sits = not is_paused and its_stand == 0 and capacity > 0 and
	may_sit(capacity - seated, count_spare(capacity, mixed), running, most_running, weight)

local refused, limit
if limited then
	refused, limit = limited(most_waiting and not sits and its_stand + its_parked >= most_waiting)
end
if refused then
	-- One of the key's limits is against it.
elseif call('LLEN', queue) + all_stand + all_parked >= most_queued then
	refused = 0
elseif waiting > 0 and waiting + bytes > most then
	refused = 2
elseif context > 0 and contexts > 0 and contexts + context > most then
	refused = 3
end
if refused and call('HEXISTS', index_about, id) == 1 then
	return 1 -- likewise
elseif limit then
	call('HINCRBY', KEYS[9], ARGV[12] .. '\31' .. limit, '1')
end
if refused then
	return refused
end

-- Numbers are written as text here, as Redis takes five times as long to do it.
local ms, ttl = string.format('%d', now), ARGV[5]
local about = ms .. ' ' .. ms .. ' open ' .. ARGV[8]
if call('HSETNX', index_about, id, about) == 0 then
	return 1 -- likewise, and it has ended meanwhile
end
if KEYS[first_key] then
	store(KEYS[first_key], KEYS[first_key + 1], KEYS[first_key + 2], ttl, ms, 14)
end
if digest then
	call('SET', KEYS[19], id .. ' ' .. digest, 'EX', holds_for)
end
local reply = charge and charge() or 1
if last ~= tenant then
	call('HSET', shares, 'last', tenant, 'mixed', last and ms or '0')
elseif seated + all_stand > running + its_stand and now - mixed > MIXED_MS / 2 then
	call('HSET', shares, 'mixed', ms)
end
if is_paused then
	call('LPUSH', parked, id)
	call('HINCRBY', shares, 'parked\31' .. tenant, '1')
elseif sits then
	take_seat(id, about)
	call('LPUSH', queue, id)
	if all_stand > 0 then
-- include lines.lua
		call('HSET', passes, line, beginning(line) + 1 / weight) -- that was its turn
	end
else
-- include lengthen.lua
	call('LPUSH', KEYS[16], id)
	if lengthen(line, 1) and running < most_running then
-- include lines.lua
		enter_turns(line)
	end
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
		call('HDEL', index_about, soonest[i])
	end
end
return reply
