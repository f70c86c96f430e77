-- Has all jobs of a model wait, or all jobs, from now on: those in the queue and in lines are moved to
-- where what is paused waits, those in each in their order.
--
-- KEYS  paused, queue, parked, index about
--       shares, seats, lines, turns, passes: as in shared/shares.lua
-- ARGV  the model, as clients name it or by its label; or "*"
-- Reply 1, or 0 if it is paused already
local call = redis.call
local queue, parked, index_about, shares, seats, lines, turns, passes = unpack(KEYS, 2, 9)
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- include shares.lua
-- include turns.lua

if call('SADD', KEYS[1], ARGV[1]) == 0 then
	return 0
end
local PIECE = 1000 -- unpack() and commands have their limits
local now_parked = {} -- of each tenant, how many

local function push(command, list, ids)
	for from = 1, #ids, PIECE do
		call(command, list, unpack(ids, from, math.min(from + PIECE - 1, #ids)))
	end
end

local function count_if_paused(about)
	local tenant, label, model = (about or ''):match(
		'^%d+ %d+ %S+ ([^\31]*)\31([^\31]*)\31([^\31]*)')
	local takes = ARGV[1] == '*' or label == ARGV[1] or model == ARGV[1]
	if takes and tenant then
		now_parked[tenant] = (now_parked[tenant] or 0) + 1
	end
	return takes
end

-- Takes out of a list what is paused now. Returns it, the one that is next in turn first.
local function take_paused(list)
	local ids = call('LRANGE', list, 0, -1)
	local moved, kept = {}, {}
	for from = #ids, 1, -PIECE do
		local piece = {unpack(ids, math.max(1, from - PIECE + 1), from)}
		local abouts = call('HMGET', index_about, unpack(piece))
		for i = #piece, 1, -1 do
			if count_if_paused(abouts[i]) then
				moved[#moved + 1] = piece[i]
			else
				kept[#kept + 1] = piece[i]
			end
		end
	end
	if moved[1] then
		call('DEL', list)
		push('LPUSH', list, kept)
	end
	return moved
end

local function leave_seats(ids)
	for from = 1, #ids, PIECE do
		local piece = {unpack(ids, from, math.min(from + PIECE - 1, #ids))}
		for i, seat in ipairs(call('HMGET', seats, unpack(piece))) do
			if seat then
				leave_seat(piece[i], seat)
			end
		end
	end
end

local function park(moved)
	push('LPUSH', parked, moved)
	leave_seats(moved)
end

park(take_paused(queue))
for _, line in ipairs(call('HKEYS', lines)) do
	local moved = take_paused(LINE .. line)
	if moved[1] then
		shorten(line, #moved)
	end
	park(moved)
end
for tenant, count in pairs(now_parked) do
	call('HINCRBY', shares, 'parked\31' .. tenant, count)
end
give_turns(500)
return 1
