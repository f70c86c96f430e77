-- Forgets a worker whose lease has ended once its list is empty, or at once if it says so itself. One
-- that drains is known for a moment longer, so that whoever takes its place can drain as it did.
--
-- KEYS  workers, the worker's list; workers about, draining, counters, rooms, shares: as in beat.lua
-- ARGV  worker, 1 if the caller is that worker, or 0
--       if it is, what it has counted since its last beat; and what went with that beat, if it does
--       not know that it was made, and the time of the last that it knows of, as in beat.lua
-- Reply 1, or 0 if it is not to be forgotten yet
local KNOWN_MS = 10000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function give_up_room()
	local room = redis.call('HGET', KEYS[6], ARGV[1])
	redis.call('HDEL', KEYS[6], ARGV[1])
	if room and room ~= '0' then
		redis.call('HINCRBY', KEYS[7], 'capacity', -room)
	end
end

local function count(numbers)
	for counter, number in numbers:gmatch('([^\t\n]+)\t(%d+)\n') do
		redis.call('HINCRBY', KEYS[5], counter, number)
	end
end

if ARGV[2] == '1' then
	local record = redis.call('HGET', KEYS[3], ARGV[1]) or ''
	count(ARGV[3])
	if tonumber(record:match('^%d+ (%d+)') or 0) <= tonumber(ARGV[5]) then
		count(ARGV[4])
	end
end
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if redis.call('LLEN', KEYS[2]) > 0 then
	return 0
end
if ends and tonumber(ends) > now and ARGV[2] ~= '1' then
	return 0
end
give_up_room()
if ARGV[2] == '1' and redis.call('SISMEMBER', KEYS[4], ARGV[1]) == 1 then
	redis.call('ZADD', KEYS[1], 'LT', now + KNOWN_MS, ARGV[1])
	return 1
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('SREM', KEYS[4], ARGV[1])
return 1
