-- Hands an id to the worker that owns its job, as that worker's list may lack it: a worker that
-- was frozen between taking the id and claiming the job may have been taken for lost meanwhile.
-- If the owner has been forgotten, it is remembered as one whose lease has ended.
--
-- KEYS  the caller's list, the owner's list, workers
-- ARGV  id, owner
-- Reply 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not redis.call('LPOS', KEYS[2], ARGV[1]) then
	redis.call('LPUSH', KEYS[2], ARGV[1])
end
redis.call('ZADD', KEYS[3], 'NX', now, ARGV[2])
redis.call('LREM', KEYS[1], 0, ARGV[1])
return 1
