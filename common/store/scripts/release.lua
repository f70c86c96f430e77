-- Gives a job back, to wait until it is claimed again. The id is put back into the queue
-- afterwards, by requeue.lua.
--
-- KEYS  response, job
-- ARGV  fence, 1 if the attempt counts or 0, why: a word for its history
-- Reply 1 it waits again
--       2 the job is not the caller's any more, and somebody has yet to end it: its id is to be put
--         back all the same
--       the job's state if that is terminal, as in shared/ended.lua, and 0 if it is gone: its id is
--       to be dropped
-- include ended.lua
-- include history.lua

local state, fence = unpack(redis.call('HMGET', KEYS[2], 'state', 'fence'))
if state ~= 'queued' and state ~= 'in_progress' then
	return state and ended(KEYS[2], state) or 0
end
if state ~= 'in_progress' or fence ~= ARGV[1] then
	return 2
end
redis.call('HSET', KEYS[2], 'state', 'queued')
redis.call('HDEL', KEYS[2], 'owner')
if ARGV[2] == '0' then
	redis.call('HINCRBY', KEYS[2], 'attempts', -1)
end
note(KEYS[2], 'restart ' .. ARGV[3])
return 1
