-- Gives a job back, to wait until it is claimed again. The id is put back into the queue
-- afterwards, by requeue.lua.
--
-- KEYS  response, job
-- ARGV  fence, 1 if the attempt counts or 0
-- Reply 1, or 0 if the job is not the caller's any more
local state, fence = unpack(redis.call('HMGET', KEYS[2], 'state', 'fence'))
if state ~= 'in_progress' or fence ~= ARGV[1] then
	return 0
end
redis.call('HSET', KEYS[2], 'state', 'queued')
redis.call('HDEL', KEYS[2], 'owner')
if ARGV[2] == '0' then
	redis.call('HINCRBY', KEYS[2], 'attempts', -1)
end
return 1
