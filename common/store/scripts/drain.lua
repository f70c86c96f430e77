-- Notes that a worker is to give its jobs to others and to take none, or that it is to take some
-- again. It hears of that with its next beat. Time is the server's.
--
-- KEYS  workers, draining
-- ARGV  worker, 1 to drain it or 0
-- Reply 1, or 0 if there is no such worker, or its lease has ended
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not ends or tonumber(ends) <= now then
	return 0
end
redis.call(ARGV[2] == '1' and 'SADD' or 'SREM', KEYS[2], ARGV[1])
return 1
