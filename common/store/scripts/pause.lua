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

-- Takes out of a list what is paused now, and returns it.
local function take_paused(list)
	local ids = call('LRANGE', list, 0, -1)
	local moved, kept = {}, {}
	for from = 1, #ids, PIECE do
		local piece = {unpack(ids, from, math.min(from + PIECE - 1, #ids))}
		local abouts = call('HMGET', index_about, unpack(piece))
		for i, id in ipairs(piece) do
			local label, model = (abouts[i] or ''):match('^[^\31]*\31(.-)\31([^\31]*)')
			if ARGV[1] == '*' or label == ARGV[1] or model == ARGV[1] then
				moved[#moved + 1] = {id, abouts[i] or ''}
			else
				kept[#kept + 1] = id
			end
		end
	end
	if moved[1] then
		call('DEL', list)
		for from = 1, #kept, PIECE do
			call('RPUSH', list, unpack(kept, from, math.min(from + PIECE - 1, #kept)))
		end
	end
	return moved
end

local function park_all(moved)
	for i = #moved, 1, -1 do -- the one that is next in turn stands last
		call('LPUSH', parked, moved[i][1])
		park(moved[i][1], moved[i][2])
	end
end

park_all(take_paused(queue))
for _, line in ipairs(call('HKEYS', lines)) do
	local moved = take_paused(LINE .. line)
	if moved[1] then
		shorten(line, #moved)
	end
	park_all(moved)
end
give_turns(500)
return 1
