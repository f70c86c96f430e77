-- Whether a worker's lease has ended.
--
-- KEYS  workers
-- ARGV  worker
-- Reply 1 if it has, or if the worker is not known; else 0
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
return (not ends or tonumber(ends) <= now) and 1 or 0
