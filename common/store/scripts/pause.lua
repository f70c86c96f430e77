-- Has all jobs of a model wait, or all jobs, from now on: those in the queue are moved to where what
-- is paused waits, in their order.
--
-- KEYS  paused, queue, parked, index about
-- ARGV  the model, as clients name it or by its label; or "*"
-- Reply 1, or 0 if it is paused already
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 then
	return 0
end
local PIECE = 1000 -- unpack() and commands have their limits
local ids = redis.call('LRANGE', KEYS[2], 0, -1)
local moved, kept = {}, {}
for from = 1, #ids, PIECE do
	local piece = {unpack(ids, from, math.min(from + PIECE - 1, #ids))}
	local abouts = ARGV[1] ~= '*' and redis.call('HMGET', KEYS[4], unpack(piece))
	for i, id in ipairs(piece) do
		local label, model
		if abouts then
			label, model = (abouts[i] or ''):match('^[^\31]*\31(.-)\31([^\31]*)')
		end
		local list = (not abouts or label == ARGV[1] or model == ARGV[1]) and moved or kept
		list[#list + 1] = id
	end
end
if not moved[1] then
	return 1
end
redis.call('DEL', KEYS[2])
for from = 1, #kept, PIECE do
	redis.call('RPUSH', KEYS[2], unpack(kept, from, math.min(from + PIECE - 1, #kept)))
end
for i = #moved, 1, -1 do -- the one that is next in turn stands last
	redis.call('LPUSH', KEYS[3], moved[i])
end
return 1
