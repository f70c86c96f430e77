-- Takes a job from a worker that is lost. From now on that worker can write nothing. The id is put
-- back into the queue afterwards, by requeue.lua; a crash between the two is made good by whoever
-- reclaims next, as the id is still in the lost worker's list.
--
-- KEYS  response, job
-- ARGV  the lost worker, why it is taken from it: a word for its history
-- Reply 1 it waits again
--       2 the job is not that worker's, and somebody has yet to end it: its id is to be put back all
--         the same
--       the job's state if that is terminal, as in shared/ended.lua, and 0 if it is gone: its id is
--       to be dropped
-- include ended.lua
-- include history.lua

local state, owner = unpack(redis.call('HMGET', KEYS[2], 'state', 'owner'))
if state ~= 'queued' and state ~= 'in_progress' then
	return state and ended(KEYS[2], state) or 0
end
if state ~= 'in_progress' or owner ~= ARGV[1] then
	return 2
end
redis.call('HSET', KEYS[2], 'state', 'queued')
redis.call('HDEL', KEYS[2], 'owner')
note(KEYS[2], 'restart ' .. ARGV[2])
return 1
