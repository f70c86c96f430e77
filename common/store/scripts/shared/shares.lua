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
-- somebody came while another one was about; of each tier "pace", and "served" (ms), when it had its
-- last turn in order; "favoured" if the last turn of all was not in order; and "doubted", which
-- beat.lua keeps.
--
-- Turns are given by turns.lua. While there is more than one tenant about, some seats are kept for
-- those who have few.
--
-- It takes call, now, shares, seats, lines, turns and passes as locals.
local TIER = 1e11 -- of virtual time, so that a tier stands behind the one above it
local MIXED_MS = 60000
local SPARE = 20 -- one in so many seats is kept
local LINE = lines:sub(1, -2) .. ':'

-- How many a tenant may have running, and its weight, of "<weight> <max_parallel>".
local function read_limits(limits)
	local weight, most = (limits or '1 -'):match('^(%S+) (%S+)$')
	return tonumber(most) or math.huge, tonumber(weight)
end

-- How many it has running, how many it may have, and its weight.
local function read_tenant(tenant)
	local running, limits = unpack(call('HMGET', shares, 'running\31' .. tenant,
		'limits\31' .. tenant))
	return tonumber(running or 0), read_limits(limits)
end

local function count_spare(capacity, mixed)
	if capacity > 1 and mixed and now - mixed < MIXED_MS then
		return math.max(1, math.floor(capacity / SPARE))
	end
	return 0
end

local function may_sit(free, spare, running, most, weight)
	return running < most and free > 0 and (free > spare or running < spare * weight)
end

-- The tenant, the label, and how many tokens are reserved, of what the index says of a job behind its
-- times and its state.
local function read_whose(about)
	local tenant, label, rest = about:match('^([^\31]*)\31([^\31]*)\31[^\31]*(.*)$')
	return tenant, label, rest ~= '' and rest:match('^\31[^\31]*\31%d\31(%d+)$') or '0'
end

-- In which line a job has to stand, and its tenant, by what the index says of it; nil if that is
-- nothing.
local function line_of(about)
	local tenant, rest = (about or ''):match(
		'^%d+ %d+ %S+ ([^\31]*)\31[^\31]*\31[^\31]*(.*)$')
	return tenant and (rest:match('^\31[^\31]*\31(%d)') or '1') .. tenant, tenant
end

-- Gives a seat to a job that is open, unless it has one, as its id may be in several lists. What has
-- ended needs none: whoever takes it drops it. Returns how many seats that takes.
local function take_seat(id, about)
	local whose = about and about:match('^%d+ %d+ open (.*)$')
	if not whose then
		return 0
	end
	local tenant, label, reserved = read_whose(whose)
	local taken = call('HSET', seats, id, tenant .. '\31' .. label .. '\31' .. reserved)
	if taken == 1 then
		call('HINCRBY', shares, 'running\31' .. tenant, '1')
	end
	return taken
end

-- Where a line begins that comes anew, in its tier's time.
local function beginning(line)
	local pace = tonumber(call('HGET', shares, 'pace' .. line:sub(1, 1)) or 0)
	return math.max(pace, tonumber(call('HGET', passes, line) or 0))
end

local function enter_turns(line)
	call('ZADD', turns, 'NX', line:sub(1, 1) * TIER + beginning(line), line)
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

-- So many have been put into a line whose tenant has so many running.
local function lengthen(line, count, running, most)
	call('HINCRBY', shares, 'waiting', count)
	if call('HINCRBY', lines, line, count) == count and running < most then
		enter_turns(line)
	end
end

-- Nobody stands in a line any more.
local function close_line(line)
	call('HDEL', lines, line)
	leave_turns(line)
	if call('EXISTS', lines) == 0 then
		call('DEL', turns, passes)
		call('HDEL', shares, 'waiting', 'pace0', 'pace1', 'pace2', 'served0', 'served1',
			'served2', 'favoured')
	end
end

local function shorten(line, count)
	call('HINCRBY', shares, 'waiting', -count)
	if call('HINCRBY', lines, line, -count) <= 0 then
		close_line(line)
	end
end

-- A tenant has one less running. Returns whether anybody stands in a line.
local function stand_up(tenant)
	local running, limits, waiting = unpack(call('HMGET', shares, 'running\31' .. tenant,
		'limits\31' .. tenant, 'waiting'))
	running = tonumber(running or 0)
	if running <= 1 then
		call('HDEL', shares, 'running\31' .. tenant)
	else
		call('HINCRBY', shares, 'running\31' .. tenant, '-1')
	end
	if waiting and running == read_limits(limits) then
		unblock(tenant)
	end
	return waiting
end

-- What is put among what is parked has no seat. seat is what seats has of it.
local function leave_seat(id, seat)
	if call('HDEL', seats, id) == 1 then
		stand_up(seat:match('^[^\31]*'))
	end
end
