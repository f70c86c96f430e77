-- Notes in the history of a job that its request was sent again.
--
-- KEYS  job
-- ARGV  fence, why
-- Reply 1, or 0 if the job is not the caller's any more
-- include history.lua

local state, fence = unpack(redis.call('HMGET', KEYS[1], 'state', 'fence'))
if state ~= 'in_progress' or fence ~= ARGV[1] then
	return 0
end
note(KEYS[1], 'retry ' .. ARGV[2])
return 1
