-- How what waits is shared between those who ask. A tenant's jobs of one tier wait in a line, a list
-- that is oriented as the queue is; the line's name is the tier, 0 for priority, 1 for default and 2
-- for flex, and the tenant behind it. A job that is taken from its line gets a seat and goes into the
-- queue, where the next worker with room finds it. There are as many seats as the workers have room
-- for, so the queue holds what is about to begin, and what was given back.
--
-- lines says how many stand in each line. turns orders the lines that have a job and whose tenant may
-- have another one running, by tier, and within a tier by virtual time: a line that has had a turn
-- stands 1/weight further on, so in turns each gets its share (start-time fair queueing, Goyal, Vin
-- and Cheng 1996). A line that comes anew begins at the pace of its tier, where the last turn was, or
-- where it had left off, which passes remembers; when nobody waits, all of that is forgotten.
--
-- seats has whose each job with a seat is: its tenant, its label, and how many tokens are reserved for
-- it. shares has "capacity", how many seats there are; "waiting", how many stand in lines; "running",
-- "limits" and "parked" of each tenant: how many jobs have a seat, or requests are passed through;
-- weight and max_parallel, or "-"; how many are parked; "last", who came last, and "mixed" (ms), when
-- that was another one than before; of each tier "pace", and "served" (ms), when it had its last turn
-- in order; and "favoured" if the last turn of all was not in order.
--
-- A tier waits for those above it. When it has been passed over for long, it gets every second turn.
-- While there is more than one tenant about, some seats are kept for those who have few.
--
-- It takes call, now, queue, shares, seats, lines, turns, passes and index_about as locals.
local TIER = 1e11 -- of virtual time, so that a tier stands behind the one above it
local PASSED_OVER_MS, MIXED_MS = 60000, 60000
local SPARE = 20 -- one in so many seats is kept
local LOOKED_AT = 8 -- lines, for one that may have a seat that is kept
local LINE = lines:sub(1, -2) .. ':'

local function read_room()
	local capacity, mixed = unpack(call('HMGET', shares, 'capacity', 'mixed'))
	capacity = tonumber(capacity or 0)
	local room = {free = capacity - call('HLEN', seats), spare = 0}
	if capacity > 1 and mixed and now - mixed < MIXED_MS then
		room.spare = math.max(1, math.floor(capacity / SPARE))
	end
	return room
end

-- How many it has running, how many it may have, and its weight.
local function read_tenant(tenant)
	local running, limits = unpack(call('HMGET', shares, 'running\31' .. tenant,
		'limits\31' .. tenant))
	local weight, most = (limits or '1 -'):match('^(%S+) (%S+)$')
	return tonumber(running or 0), tonumber(most) or math.huge, tonumber(weight)
end

local function may_sit(room, running, most)
	return running < most and room.free > 0 and
		(room.free > room.spare or running < room.spare)
end

-- about is a job's in the index, without its times and its state.
local function take_seat(id, about)
	local tenant, label, rest = about:match('^([^\31]*)\31([^\31]*)\31[^\31]*(.*)$')
	local reserved = rest:match('^\31[^\31]*\31%d\31(%d+)$')
	call('HSET', seats, id, tenant .. '\31' .. label .. '\31' .. (reserved or '0'))
	call('HINCRBY', shares, 'running\31' .. tenant, '1')
end

local function enter_turns(line)
	local tier = line:sub(1, 1)
	local pace = tonumber(call('HGET', shares, 'pace' .. tier) or 0)
	local pass = tonumber(call('HGET', passes, line) or 0)
	call('ZADD', turns, 'NX', tier * TIER + math.max(pace, pass), line)
end

local function leave_turns(line)
	local score = call('ZSCORE', turns, line)
	if score then
		call('ZREM', turns, line)
		call('HSET', passes, line, score - line:sub(1, 1) * TIER)
	end
end

-- A tenant has as many running as it may have, or one less again.
local function block(tenant)
	for tier = 0, 2 do
		leave_turns(tier .. tenant)
	end
end

local function unblock(tenant)
	for tier = 0, 2 do
		if call('HEXISTS', lines, tier .. tenant) == 1 then
			enter_turns(tier .. tenant)
		end
	end
end

-- What the tenant's key allows from now on: "<weight> <max_parallel>".
local function heed_limits(tenant, limits)
	if limits == (call('HGET', shares, 'limits\31' .. tenant) or '1 -') then
		return
	end
	call('HSET', shares, 'limits\31' .. tenant, limits)
	block(tenant)
	local running, most = read_tenant(tenant)
	if running < most then
		unblock(tenant)
	end
end

-- So many have been put into a line whose tenant has so many running.
local function lengthen(line, count, running, most)
	call('HINCRBY', shares, 'waiting', count)
	if call('HINCRBY', lines, line, count) == count and running < most then
		enter_turns(line)
	end
end

local function shorten(line, count)
	call('HINCRBY', shares, 'waiting', -count)
	if call('HINCRBY', lines, line, -count) > 0 then
		return
	end
	call('HDEL', lines, line)
	leave_turns(line)
	if call('HLEN', lines) == 0 then
		call('DEL', turns, passes)
		call('HDEL', shares, 'pace0', 'pace1', 'pace2', 'served1', 'served2', 'favoured')
	end
end

-- The next line of a tier, and its time, if that has been passed over for too long.
local function passed_over(tier)
	local line, score = unpack(call('ZRANGEBYSCORE', turns, tier * TIER,
		'(' .. (tier + 1) * TIER, 'WITHSCORES', 'LIMIT', 0, 1))
	local id = line and call('LINDEX', LINE .. line, -1)
	local about = id and call('HGET', index_about, id)
	local since = about and about:match('^%d+ (%d+)')
	local served = call('HGET', shares, 'served' .. tier) or 0
	if since and now - math.max(since, served) >= PASSED_OVER_MS then
		return line, score
	end
end

-- The first of some lines whose tenant may have a seat, and its time. Whoever has enough running, as
-- requests are passed through beside, goes out of the turns: the second result is whether one did.
local function first_fitting(room, first)
	local blocked = false
	for i = 1, #first, 2 do
		local running, most = read_tenant(first[i]:sub(2))
		if may_sit(room, running, most) then
			return {first[i], first[i + 1]}
		elseif running >= most then
			block(first[i]:sub(2))
			blocked = true
		end
	end
	return nil, blocked
end

-- Whose turn it is as {line, its time}, and whether that is out of order.
local function next_line(room)
	local first = call('ZRANGE', turns, 0, room.free > room.spare and 0 or LOOKED_AT - 1,
		'WITHSCORES')
	if first[1] and call('HGET', shares, 'favoured') ~= '1' then
		for tier = first[1]:sub(1, 1) + 1, 2 do
			local found = first_fitting(room, {passed_over(tier)})
			if found then
				return found, true
			end
		end
	end
	local found, blocked = first_fitting(room, first)
	if blocked then
		return next_line(room)
	end
	return found, false
end

local function give_turn(line, score, favoured)
	local tier, tenant = line:sub(1, 1), line:sub(2)
	local running, most, weight = read_tenant(tenant)
	if favoured then
		call('HSET', shares, 'favoured', '1')
	else
		call('HSET', shares, 'pace' .. tier, score - tier * TIER, 'served' .. tier,
			string.format('%d', now), 'favoured', '0')
	end
	call('ZADD', turns, score + 1 / weight, line)
	local id = call('LMOVE', LINE .. line, queue, 'RIGHT', 'LEFT')
	if not id then
		return -- the slot is on its way to another node, and this line was faster
	end
	local about = call('HGET', index_about, id) or ''
	take_seat(id, about:match('^%d+ %d+ %S+ (.*)$') or tenant .. '\31\31')
	shorten(line, 1)
	if running + 1 >= most then
		block(tenant)
	end
end

-- Gives free seats to those whose turn it is, to so many at most. Returns whether more may follow.
local function give_turns(most)
	local room = read_room()
	for _ = 1, most do
		local found, favoured
		if room.free > 0 then
			found, favoured = next_line(room)
		end
		if not found then
			return false
		end
		give_turn(found[1], found[2], favoured)
		room.free = room.free - 1
	end
	return true
end

-- A tenant has one less running.
local function stand_up(tenant)
	local running, most = read_tenant(tenant)
	if running <= 1 then
		call('HDEL', shares, 'running\31' .. tenant)
	else
		call('HINCRBY', shares, 'running\31' .. tenant, '-1')
	end
	if running == most then
		unblock(tenant)
	end
end

-- What was put among what is parked has no seat.
local function park(id, about)
	local tenant = about:match('^%d+ %d+ %S+ ([^\31]*)')
	if call('HDEL', seats, id) == 1 then
		stand_up(tenant)
	end
	if tenant then
		call('HINCRBY', shares, 'parked\31' .. tenant, '1')
	end
end

-- So many are not parked any more.
local function unpark(tenant, count)
	if call('HINCRBY', shares, 'parked\31' .. tenant, -count) <= 0 then
		call('HDEL', shares, 'parked\31' .. tenant)
	end
end
