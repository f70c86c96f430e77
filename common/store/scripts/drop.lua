-- Takes an id out of lists for good, as its job has ended or is gone; notes that in the index; and
-- takes what was counted for it out of the count, but for its context: Redis keeps that for ttl, and
-- so long it is counted. Its seat goes to whoever's turn it is.
--
-- That it has ended is counted when the index learns it, and only then, whoever brings it first.
-- What had ended before it is deleted goes out of the index, and nothing is counted. So it is with
-- what has been used; but who cancels or deletes what a worker is at does not know how many tokens
-- that were: these are counted, and what is reserved is given back, with the seat.
--
-- In the same step it notes who is to be told: a delivery for each endpoint that wants to know of
-- such an end. What is deleted is told to nobody, nor what still waits to be.
--
-- KEYS  held, held until, index, index about, index ended, counters, minutes: as in enqueue.lua
--       queue, parked, shares, seats, lines, turns, passes, rates, budgets: as there
--       the use of this day, as in shared/usage.lua
--       if there are endpoints: webhooks, webhooks about, webhooks dead, as in
--         shared/deliveries.lua
--       the list of the worker that has it, if one has
-- ARGV  id
--       how it has ended: a terminal state, or "deleted", which says that all of it is gone; behind a
--         blank, what it has used, as in shared/usage.lua, if that is known. "" if nobody knows how:
--         then all but lists, count and seat stays as it is
--       how long it is kept from now on (s), unless held says it
--       the counter of what has ended, without its labels
--       1 if it is to be looked for where ids wait, or 0
--       the endpoints, a line each: its name, what it wants to know of, as ",completed,failed,", and
--         its tenants, each between two bytes 31, or "*"; "" if there are none
--       if there are, the counter of deliveries, without its label
-- Reply how often the id was in the lists
-- include minutes.lua

local call = redis.call
local id, how, use = ARGV[1], ARGV[2]:match('^(%S*) ?(.*)$')
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local index_about, queue, parked, shares, seats, lines, turns, passes, rates, budgets, usage =
	KEYS[4], unpack(KEYS, 8, 17)
-- include seats.lua
-- include stand_up.lua
-- include usage.lua

local function count_end(label)
	call('HINCRBY', KEYS[6], ARGV[4] .. '\31' .. label .. '\31' .. how, '1')
	count_minute(KEYS[7], time, how)
end

local endpoints = ARGV[6]
local worker_list = KEYS[18]
local note_deliveries, forget_deliveries -- nil if there are no endpoints: functions cost time
if endpoints ~= '' then
-- include deliveries.lua
	worker_list = KEYS[21]
	local waiting, deliveries, dead = KEYS[18], KEYS[19], KEYS[20]

	local function wants(events, tenants, tenant)
		return events:find(',' .. how .. ',', 1, true) and
			(tenants == '*' or tenants:find('\31' .. tenant .. '\31', 1, true))
	end

	local function add_delivery(endpoint, kept)
		local delivery = delivery_id(id, endpoint)
		local d = {endpoint = endpoint, response = id, how = how, ended = now,
			gone = now + kept * 1000, due = now, tries = 0, claims = 0, tried = 0,
			why = ''}
		if call('ZCARD', waiting) < MOST_DELIVERIES then
			delivery_move(waiting, deliveries, delivery, d, now)
		else
			d.why = 'too many deliveries wait'
			delivery_bury(waiting, deliveries, dead, delivery, d, now)
			call('HINCRBY', KEYS[6], ARGV[7] .. '\31dead', '1')
		end
	end

	function note_deliveries(whose, kept)
		local tenant = whose:match('^[^\31]*')
		local named = whose:match('^[^\31]*\31[^\31]*\31[^\31]*\31([^\31]*)')
		for endpoint, events, tenants in endpoints:gmatch('(%S+) (%S+) ([^\n]*)\n') do
			if wants(events, endpoint == named and '*' or tenants, tenant) then
				add_delivery(endpoint, kept)
			end
		end
	end

	-- Who finds a job gone takes it for deleted: once it may have expired, it is to be told of still.
	function forget_deliveries()
		for endpoint in endpoints:gmatch('(%S+) [^\n]*\n') do
			local delivery = delivery_id(id, endpoint)
			local d = delivery_read(call('HGET', deliveries, delivery))
			if d and d.gone > now then
				delivery_drop(waiting, deliveries, dead, delivery, d)
			end
		end
	end
end

local function note_end(about, kept)
	local times, state, rest = about:match('^(%d+ %d+) (%S+) (.*)$')
	if how == 'deleted' then
		call('HDEL', index_about, id)
		call('ZREM', KEYS[3], id)
		call('ZREM', KEYS[5], id)
	elseif state == 'open' then
		call('HSET', index_about, id, times .. ' ' .. how .. ' ' .. rest)
		call('ZADD', KEYS[5], string.format('%d', now + kept * 1000), id)
		if note_deliveries then
			note_deliveries(rest, kept)
		end
	end
	if state == 'open' then
		count_end(rest:match('^[^\31]*\31([^\31]*)'))
	end
end

-- Takes it from where ids wait. Returns how often it was there.
local function leave_waiting(about)
-- include lines.lua
	local line, tenant = line_of(about)
	local in_queue, in_parked = call('LREM', queue, '0', id), call('LREM', parked, '0', id)
	local in_line = 0
	if line then
		in_line = call('LREM', LINE .. line, '0', id)
		if in_line > 0 then
			shorten(line, in_line)
		end
		if in_parked > 0 then
			call('HINCRBY', shares, 'parked\31' .. tenant, -in_parked)
		end
	end
	return in_queue + in_parked + in_line
end

-- Counts what it has used: that it was there at all with its end, the rest when its seat is free.
-- Returns whether somebody may wait for that. ends is whether the index has just learnt the end.
local function settle(about, ends, leaves)
	local seat = call('HGET', seats, id)
	local freed = seat and leaves
	if not ends and not freed then
		return false
	end
	local tenant, label, reserved = read_whose(seat or about:match('^%d+ %d+ %S+ (.*)$'))
	if seat then
		reserved = seat:match('%d+$')
	end
	if freed then
		call('HDEL', seats, id)
	end
	if how == '' then
		return stand_up(tenant)
	end
	if reserved ~= '0' and (freed or not seat) then
-- include rates.lua
		local input, output = use_read(use)
		rates_settle(tenant, tonumber(reserved), input + output)
	end
	local cancelled = how == 'cancelled' or how == 'deleted'
	note_use(tenant, label, ends and 1 or 0, ends and how == 'failed' and 1 or 0,
		ends and cancelled and 1 or 0, use)
	return freed and stand_up(tenant)
end

local function discount(size, waiting, contexts)
	local bytes, context, ttl, kept = size:match('^(%d+) (%d+) (%d+) ?(%d*)')
	local keeps = context ~= '0' and how ~= 'deleted'
	if keeps and bytes == '0' then
		return kept -- it was in another list as well
	end
	waiting = string.format('%d', waiting - bytes)
	if keeps then
		call('HSET', KEYS[1], id, '0 ' .. context .. ' ' .. ttl .. ' ' .. kept,
			'waiting', waiting)
		call('ZADD', KEYS[2], string.format('%d', now + ttl * 1000), id)
		return kept
	end
	contexts = string.format('%d', contexts - context)
	call('ZREM', KEYS[2], id)
	if waiting == '0' and contexts == '0' then
		call('DEL', KEYS[1])
	else
		call('HDEL', KEYS[1], id)
		call('HSET', KEYS[1], 'waiting', waiting, 'contexts', contexts)
	end
	return kept
end

local about = call('HGET', index_about, id)
local found = ARGV[5] == '1' and leave_waiting(about) or 0
if worker_list then
	found = found + call('LREM', worker_list, '0', id)
end
local size, waiting, contexts = unpack(call('HMGET', KEYS[1], id, 'waiting', 'contexts'))
local kept = size and discount(size, waiting, contexts)
if forget_deliveries and how == 'deleted' then
	forget_deliveries()
end
local ends = how ~= '' and about and about:find('^%d+ %d+ open ') ~= nil
if how ~= '' and about then
	note_end(about, tonumber(kept) or ARGV[3])
end
if settle(about, ends, found > 0 or worker_list ~= nil) then
-- include lines.lua
-- include turns.lua
	give_turns(2)
end
return found
