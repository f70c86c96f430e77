-- Moves an id from a worker's list to the head of the queue, or of what is parked if its model is
-- paused.
--
-- KEYS  the worker's list, queue, parked, paused, index about, counters: as in enqueue.lua
-- ARGV  id, 1 if it begins to wait anew, or 0; the counter of what has put it back, or ""
-- Reply 1, or 0 if the id is not in the list: somebody else has moved it
local id = ARGV[1]

local function is_paused(about)
	if redis.call('EXISTS', KEYS[4]) == 0 then
		return false
	end
	local label, model = (about or ''):match('\31([^\31]*)\31([^\31]*)')
	for _, paused in ipairs(redis.call('SMISMEMBER', KEYS[4], '*', label or '*', model or '*')) do
		if paused == 1 then
			return true
		end
	end
	return false
end

if ARGV[3] ~= '' then
	redis.call('HINCRBY', KEYS[6], ARGV[3], 1)
end
if redis.call('LREM', KEYS[1], 0, id) == 0 then
	return 0
end
local about = redis.call('HGET', KEYS[5], id)
if about and ARGV[2] == '1' then
	local time = redis.call('TIME')
	local now = time[1] * 1000 + math.floor(time[2] / 1000)
	local created, rest = about:match('^(%d+) %d+ (.*)$')
	redis.call('HSET', KEYS[5], id, created .. ' ' .. now .. ' ' .. rest)
end
redis.call('RPUSH', is_paused(about) and KEYS[3] or KEYS[2], id)
return 1
