-- Takes an id out of lists for good, as its job has ended or is gone; notes that in the index; and
-- takes what was counted for it out of the count, but for its context: Redis keeps that for ttl, and
-- so long it is counted.
--
-- That it has ended is counted when the index learns it, and only then, whoever brings it first.
-- What had ended before it is deleted goes out of the index, and nothing is counted.
--
-- In the same step it notes who is to be told: a delivery for each endpoint that wants to know of
-- such an end. What is deleted is told to nobody, nor what still waits to be.
--
-- KEYS  held, held until, index, index about, index ended, counters, minutes: as in enqueue.lua
--       if there are endpoints: webhooks, webhooks about, webhooks dead, as in
--         shared/deliveries.lua
--       the lists, if there are any
-- ARGV  id
--       how it has ended: a terminal state, or "deleted", which says that all of it is gone; "" if
--         nobody knows: then index and counters stay as they are
--       how long it is kept from now on (s), unless held says it
--       the counter of what has ended, without its labels
--       the endpoints, a line each: its name, what it wants to know of, as ",completed,failed,", and
--         its tenants, each between two bytes 31, or "*"; "" if there are none
--       if there are, the counter of deliveries, without its label
-- Reply how often the id was in the lists
-- include minutes.lua

local call = redis.call
local id, how = ARGV[1], ARGV[2]
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function count_end(label)
	call('HINCRBY', KEYS[6], ARGV[4] .. '\31' .. label .. '\31' .. how, '1')
	count_minute(KEYS[7], time, how)
end

local endpoints = ARGV[5]
local first_list = 8
local note_deliveries, forget_deliveries -- nil if there are no endpoints: functions cost time
if endpoints ~= '' then
-- include deliveries.lua
	first_list = 11
	local waiting, deliveries, dead = KEYS[8], KEYS[9], KEYS[10]

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
			call('HINCRBY', KEYS[6], ARGV[6] .. '\31dead', '1')
		end
	end

	function note_deliveries(whose, kept)
		local tenant = whose:match('^[^\31]*')
		local named = whose:match('^[^\31]*\31[^\31]*\31[^\31]*\31(.*)$')
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

local function note_end(kept)
	local about = call('HGET', KEYS[4], id)
	if not about then
		return
	end
	local times, state, rest = about:match('^(%d+ %d+) (%S+) (.*)$')
	if how == 'deleted' then
		call('HDEL', KEYS[4], id)
		call('ZREM', KEYS[3], id)
		call('ZREM', KEYS[5], id)
	elseif state == 'open' then
		call('HSET', KEYS[4], id, times .. ' ' .. how .. ' ' .. rest)
		call('ZADD', KEYS[5], string.format('%d', now + kept * 1000), id)
		if note_deliveries then
			note_deliveries(rest, kept)
		end
	end
	if state == 'open' then
		count_end(rest:match('^[^\31]*\31([^\31]*)'))
	end
end

local function discount(size, waiting, contexts)
	local bytes, context, ttl, kept = size:match('^(%d+) (%d+) (%d+) ?(%d*)')
	local keeps = context ~= '0' and how ~= 'deleted'
	if keeps and bytes == '0' then
		return kept -- it was in another list as well
	end
	waiting = waiting - bytes
	if keeps then
		call('HSET', KEYS[1], id, '0 ' .. context .. ' ' .. ttl .. ' ' .. kept,
			'waiting', waiting)
		call('ZADD', KEYS[2], now + ttl * 1000, id)
		return kept
	end
	contexts = contexts - context
	call('ZREM', KEYS[2], id)
	if waiting == 0 and contexts == 0 then
		call('DEL', KEYS[1])
	else
		call('HDEL', KEYS[1], id)
		call('HSET', KEYS[1], 'waiting', waiting, 'contexts', contexts)
	end
	return kept
end

local found = 0
for i = first_list, #KEYS do
	found = found + call('LREM', KEYS[i], '0', id)
end
local size, waiting, contexts = unpack(call('HMGET', KEYS[1], id, 'waiting', 'contexts'))
local kept = size and discount(size, waiting, contexts)
if forget_deliveries and how == 'deleted' then
	forget_deliveries()
end
if how ~= '' then
	note_end(tonumber(kept) or ARGV[3])
end
return found
