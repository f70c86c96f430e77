-- Takes a job from a worker that is lost. From now on that worker can write nothing. The id is put
-- back into the queue afterwards, by requeue.lua; a crash between the two is made good by whoever
-- reclaims next, as the id is still in the lost worker's list.
--
-- KEYS  response, job
-- ARGV  the lost worker
-- Reply 1 if the id is to be queued again
--       0 if it is to be dropped: gone, terminal, or another worker's
local state, owner = unpack(redis.call('HMGET', KEYS[2], 'state', 'owner'))
if state == 'queued' then
	return 1
end
if state ~= 'in_progress' or owner ~= ARGV[1] then
	return 0
end
redis.call('HSET', KEYS[2], 'state', 'queued')
redis.call('HDEL', KEYS[2], 'owner')
return 1
