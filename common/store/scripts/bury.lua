-- Forgets a worker whose lease has ended once its list is empty, or at once if it says so itself. One
-- that drains is known for a moment longer, so that whoever takes its place can drain as it did.
--
-- KEYS  workers, the worker's list; workers about, draining, counters: as in beat.lua
-- ARGV  worker, 1 if the caller is that worker; what else the caller has to count, as in drop.lua
-- Reply 1, or 0 if it is not to be forgotten yet
local KNOWN_MS = 10000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for counter, number in ARGV[3]:gmatch('([^\t\n]+)\t(%d+)\n') do
	redis.call('HINCRBY', KEYS[5], counter, number)
end
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if redis.call('LLEN', KEYS[2]) > 0 then
	return 0
end
if ends and tonumber(ends) > now and ARGV[2] ~= '1' then
	return 0
end
if ARGV[2] == '1' and redis.call('SISMEMBER', KEYS[4], ARGV[1]) == 1 then
	redis.call('ZADD', KEYS[1], 'LT', now + KNOWN_MS, ARGV[1])
	return 1
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('SREM', KEYS[4], ARGV[1])
return 1
