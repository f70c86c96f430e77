-- Gives a job back, to wait until it is claimed again. The id is put back into the queue
-- afterwards, by requeue.lua.
--
-- KEYS  response, job
-- ARGV  fence, 1 if the attempt counts or 0
-- Reply 1, also if the job is not the caller's any more: somebody has yet to end it
--       0 if the job is gone or terminal: its id is to be dropped
local state, fence = unpack(redis.call('HMGET', KEYS[2], 'state', 'fence'))
if state ~= 'queued' and state ~= 'in_progress' then
	return 0
end
if state ~= 'in_progress' or fence ~= ARGV[1] then
	return 1
end
redis.call('HSET', KEYS[2], 'state', 'queued')
redis.call('HDEL', KEYS[2], 'owner')
if ARGV[2] == '0' then
	redis.call('HINCRBY', KEYS[2], 'attempts', -1)
end
return 1
