-- Has deliveries tried again that have not arrived: one, those of a response, or, in pieces, those of
-- what has ended lately and has failed to be told. They become due now, and their endpoints rest no
-- more; but where an endpoint is off they stay as they are.
--
-- What is dead begins anew. What waits and is due within a lease stays as it is: it is tried soon, or
-- is under way. Each that begins counts as claimed once more, so that a report which was made before
-- and comes again does not count.
--
-- KEYS  webhooks, webhooks about, webhooks dead, webhooks endpoints: as in shared/deliveries.lua
-- ARGV  where an earlier piece has ended, or ""
--       the id of a delivery or of a response, or "": those of what has ended lately
--       that is, since how long (ms)
--       the endpoints that are configured, a line each, which begins with its name and a blank
--       length of the lease (ms)
-- Reply {where this piece has ended, or "" if it is the last one, how many were found that have not
--       arrived, how many of these are tried again}
-- include deliveries.lua

local call = redis.call
local WAITING, ABOUT, DEAD, ENDPOINTS = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local PIECE = 150
local cursor, wanted, age, configured, lease = unpack(ARGV)

local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found, begun = 0, 0
local are_off = {}

local function is_off(name)
	if are_off[name] == nil then
		local failures, rests_until, off = endpoint_read(ENDPOINTS, name)
		are_off[name] = off ~= ''
		if off == '' and rests_until > 0 and failures > 0 then
			call('HSET', ENDPOINTS, name, ms(failures) .. ' 0 ')
		elseif off == '' and rests_until > 0 then
			call('HDEL', ENDPOINTS, name)
		end
	end
	return are_off[name]
end

-- Returns whether it has been put at another place.
local function try_again(id, d)
	found = found + 1
	if is_off(d.endpoint) then
		return false
	end
	begun = begun + 1
	if d.due == 0 then
		call('ZREM', DEAD, id)
		d.tries = 0
	elseif d.due <= now + lease then
		return false
	end
	d.claims = d.claims + 1
	delivery_move(WAITING, ABOUT, id, d, now)
	return true
end

local function try_one(id)
	local d = delivery_read(call('HGET', ABOUT, id))
	if d then
		try_again(id, d)
	end
end

local function try_response(id)
	local names = {}
	for name in configured:gmatch('(%S+) [^\n]*\n') do
		names[name] = true
	end
	for _, name in ipairs(call('HKEYS', ENDPOINTS)) do
		names[name] = true
	end
	each_waiting_endpoint(WAITING, function(name)
		names[name] = true
	end)
	for name in pairs(names) do
		try_one(delivery_id(id, name))
	end
end

-- A place among the dead is the time of one's end, and how many of the same time are to be passed
-- over. Who has died after the first piece is not looked at.
local function try_dead(since, start, forgotten, skipped)
	local entries = call('ZRANGEBYSCORE', DEAD, forgotten, ms(start + WEEK_MS), 'WITHSCORES',
		'LIMIT', skipped, PIECE)
	for i = 1, #entries, 2 do
		local id, d = entries[i], delivery_read(call('HGET', ABOUT, entries[i]))
		if entries[i + 1] ~= forgotten then
			forgotten, skipped = entries[i + 1], 0
		end
		if not (d and d.ended >= since and try_again(id, d)) then
			skipped = skipped + 1
		end
	end
	local place = ms(since) .. ' ' .. ms(start)
	if #entries < 2 * PIECE then
		return place .. ' waiting -'
	end
	return place .. ' dead ' .. forgotten .. ' ' .. skipped
end

local function try_waiting(since, start, from)
	local members = call('ZRANGEBYLEX', WAITING, from, '+', 'LIMIT', 0, PIECE)
	for _, member in ipairs(members) do
		local id = member:match('%S*$')
		local d = delivery_read(call('HGET', ABOUT, id))
		if d and d.tries > 0 and d.tried <= start and d.ended >= since then
			try_again(id, d)
		end
	end
	if #members < PIECE then
		return ''
	end
	return ms(since) .. ' ' .. ms(start) .. ' waiting (' .. members[PIECE]
end

local function try_what_ended_lately()
	local since, start, where, place = cursor:match('^(%d+) (%d+) (%S+) (.+)$')
	since, start = tonumber(since), tonumber(start)
	if not since then
		since = math.max(0, now - age)
		return try_dead(since, now, ms(since + WEEK_MS), 0)
	elseif where == 'dead' then
		local forgotten, skipped = place:match('^(%d+) (%d+)$')
		return try_dead(since, start, forgotten, tonumber(skipped))
	end
	return try_waiting(since, start, place)
end

if wanted == '' then
	cursor = try_what_ended_lately()
else
	cursor = ''
	if wanted:match('^wh_') then
		try_one(wanted)
	else
		try_response(wanted)
	end
end
return {cursor, found, begun}
