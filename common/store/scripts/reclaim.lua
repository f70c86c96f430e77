-- Takes a job from a worker that is lost. From now on that worker can write nothing. The id is put
-- back into the queue afterwards, by requeue.lua; a crash between the two is made good by whoever
-- reclaims next, as the id is still in the lost worker's list.
--
-- KEYS  response, job
-- ARGV  the lost worker
-- Reply 1, also if the job is another worker's: somebody has yet to end it
--       0 if the job is gone or terminal: its id is to be dropped
local state, owner = unpack(redis.call('HMGET', KEYS[2], 'state', 'owner'))
if state ~= 'queued' and state ~= 'in_progress' then
	return 0
end
if state == 'in_progress' and owner == ARGV[1] then
	redis.call('HSET', KEYS[2], 'state', 'queued')
	redis.call('HDEL', KEYS[2], 'owner')
end
return 1
