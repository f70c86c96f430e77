-- Moves an id from a worker's list to the head of the queue, where it keeps its seat, or of what is
-- parked if its model is paused.
--
-- KEYS  the worker's list, queue, parked, paused, index about, counters: as in enqueue.lua
--       shares, seats, lines, turns, passes: as in shared/shares.lua
-- ARGV  id, 1 if it begins to wait anew, or 0; the counter of what has put it back, or ""
-- Reply 1, or 0 if the id is not in the list: somebody else has moved it
local call = redis.call
local id = ARGV[1]
local queue, parked, index_about, shares, seats, lines, turns, passes =
	KEYS[2], KEYS[3], KEYS[5], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- include shares.lua
-- include turns.lua

local function is_paused(about)
	if call('EXISTS', KEYS[4]) == 0 then
		return false
	end
	local label, model = (about or ''):match('\31([^\31]*)\31([^\31]*)')
	for _, paused in ipairs(call('SMISMEMBER', KEYS[4], '*', label or '*', model or '*')) do
		if paused == 1 then
			return true
		end
	end
	return false
end

local function park(id, about)
	local seat = call('HGET', seats, id)
	if seat then
		leave_seat(id, seat)
	end
	call('RPUSH', parked, id)
	if about then
		call('HINCRBY', shares, 'parked\31' .. about:match('^%d+ %d+ %S+ ([^\31]*)'), '1')
	end
end

if ARGV[3] ~= '' then
	call('HINCRBY', KEYS[6], ARGV[3], 1)
end
if call('LREM', KEYS[1], 0, id) == 0 then
	return 0
end
local about = call('HGET', index_about, id)
if about and ARGV[2] == '1' then
	local created, rest = about:match('^(%d+) %d+ (.*)$')
	call('HSET', index_about, id, created .. ' ' .. string.format('%d', now) .. ' ' .. rest)
end
if is_paused(about) then
	park(id, about)
	give_turns(1)
	return 1
end
call('RPUSH', queue, id)
take_seat(id, about)
return 1
