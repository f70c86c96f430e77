-- Who may have a seat, and how one is taken; shares.lua says what seats are.
--
-- It takes call, now, shares and seats as locals.
local MIXED_MS = 60000
local SPARE = 20 -- one in so many seats is kept
local PLAIN = '1 -' -- weight and max_parallel of who has no limits

-- How many a tenant may have running, and its weight, of "<weight> <max_parallel>".
local function read_limits(limits)
	local weight, most = (limits or PLAIN):match('^(%S+) (%S+)$')
	return tonumber(most) or math.huge, tonumber(weight)
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
