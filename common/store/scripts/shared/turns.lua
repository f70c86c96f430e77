-- Whose turn it is, of those who stand in lines, when there are free seats.
--
-- A tier waits for those above it. When it has been passed over for long, it gets every second turn.
--
-- It takes what shares.lua takes, what seats.lua and lines.lua have, and queue and index_about as
-- locals.
local PASSED_OVER_MS = 60000
local LOOKED_AT = 8 -- lines, for one that may have a seat that is kept, or that was passed over

-- How many it has running, how many it may have, and its weight.
local function read_tenant(tenant)
	local running, limits = unpack(call('HMGET', shares, 'running\31' .. tenant,
		'limits\31' .. tenant))
	return tonumber(running or 0), read_limits(limits)
end

-- What is known of the seats at the beginning, and kept up to date.
local function read_room()
	local capacity, mixed, favoured, waiting = unpack(call('HMGET', shares, 'capacity', 'mixed',
		'favoured', 'waiting'))
	capacity = tonumber(capacity or 0)
	return {free = waiting and capacity - call('HLEN', seats) or 0,
		spare = count_spare(capacity, mixed), favoured = favoured == '1'}
end

-- The first lines of a tier, each with its time behind it, if a job has waited there for too long
-- since the tier had its last turn in order; else none.
local function passed_over(tier)
	local first = call('ZRANGEBYSCORE', turns, tier * TIER, '(' .. (tier + 1) * TIER,
		'WITHSCORES', 'LIMIT', 0, LOOKED_AT)
	if not first[1] or
		now - (call('HGET', shares, 'served' .. tier) or 0) < PASSED_OVER_MS then
		return {}
	end
	for i = 1, #first, 2 do
		local id = call('LINDEX', LINE .. first[i], -1)
		local about = id and call('HGET', index_about, id)
		local since = about and about:match('^%d+ (%d+)')
		if since and now - since >= PASSED_OVER_MS then
			return first
		end
	end
	return {}
end

-- The first of some lines whose tenant may have a seat. Whoever has enough running, as requests are
-- passed through beside, goes out of the turns: the second result is whether one did.
local function first_fitting(room, first)
	local blocked = false
	for i = 1, #first, 2 do
		local tenant = first[i]:sub(2)
		local running, most, weight = read_tenant(tenant)
		if may_sit(room.free, room.spare, running, most, weight) then
			return {line = first[i], score = first[i + 1], tenant = tenant, running = running,
				most = most, weight = weight}
		elseif running >= most then
			block(tenant)
			blocked = true
		end
	end
	return nil, blocked
end

-- Whose turn it is, and whether that is out of order.
local function next_turn(room)
	local first = call('ZRANGE', turns, 0, room.free > room.spare and 0 or LOOKED_AT - 1,
		'WITHSCORES')
	if first[1] and not room.favoured then
		for tier = first[1]:sub(1, 1) + 1, 2 do
			local turn = first_fitting(room, passed_over(tier))
			if turn then
				return turn, true
			end
		end
	end
	local turn, blocked = first_fitting(room, first)
	if blocked and not turn then
		return next_turn(room)
	end
	return turn, false
end

-- Takes out a line of which the list is lost, as Redis has evicted it.
local function empty(line)
	local count = tonumber(call('HGET', lines, line) or 0)
	if count > 0 then
		shorten(line, count)
	else
		close_line(line)
	end
end

-- Returns how many seats it has taken.
local function give_turn(turn, favoured)
	local line, tier = turn.line, turn.line:sub(1, 1)
	local pace = turn.score - tier * TIER
	if favoured then
		call('HSET', shares, 'pace' .. tier, pace, 'favoured', '1')
	else
		call('HSET', shares, 'pace' .. tier, pace, 'favoured', '0', 'served' .. tier,
			string.format('%d', now))
	end
	call('ZADD', turns, turn.score + 1 / turn.weight, line)
	local id = call('LMOVE', LINE .. line, queue, 'RIGHT', 'LEFT')
	if not id then
		empty(line)
		return 0
	end
	local taken = take_seat(id, call('HGET', index_about, id))
	shorten(line, 1)
	if turn.running + taken >= turn.most then
		block(turn.tenant)
	end
	return taken
end

-- Gives free seats to those whose turn it is, to so many at most. Returns whether more may follow.
local function give_turns(most)
	local room = read_room()
	for _ = 1, most do
		local turn, favoured
		if room.free > 0 then
			turn, favoured = next_turn(room)
		end
		if not turn then
			return false
		end
		room.free = room.free - give_turn(turn, favoured)
		room.favoured = favoured
	end
	return true
end
