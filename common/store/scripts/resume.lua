-- Ends what pause.lua began: what is not paused any more goes to the head of the queue, in its order.
--
-- KEYS  paused, queue, parked, index about
-- ARGV  the model, as clients name it or by its label; or "*"
-- Reply 1, or 0 if it was not paused
if redis.call('SREM', KEYS[1], ARGV[1]) == 0 then
	return 0
end
local PIECE = 1000 -- unpack() and commands have their limits
local paused = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
	paused[name] = true
end
if paused['*'] then
	return 1
end
local ids = redis.call('LRANGE', KEYS[3], 0, -1)
local moved, kept = {}, {}
for from = 1, #ids, PIECE do
	local piece = {unpack(ids, from, math.min(from + PIECE - 1, #ids))}
	local abouts = redis.call('HMGET', KEYS[4], unpack(piece))
	for i, id in ipairs(piece) do
		local label, model = (abouts[i] or ''):match('^[^\31]*\31(.-)\31([^\31]*)')
		local list = (paused[label or ''] or paused[model or '']) and kept or moved
		list[#list + 1] = id
	end
end
redis.call('DEL', KEYS[3])
for from = 1, #kept, PIECE do
	redis.call('RPUSH', KEYS[3], unpack(kept, from, math.min(from + PIECE - 1, #kept)))
end
for from = 1, #moved, PIECE do
	redis.call('RPUSH', KEYS[2], unpack(moved, from, math.min(from + PIECE - 1, #moved)))
end
return 1
