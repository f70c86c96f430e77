-- Stores a new response and its job. The id is queued afterwards, by enqueue.lua.
--
-- KEYS  response, job, and events if the response is streamed
-- ARGV  ttl (s), object, then the fields of the job and their values in turn; then the first event,
--       if the response is streamed
-- Reply 1, or 0 if the response exists already
-- include new_job.lua

if redis.call('EXISTS', KEYS[1]) == 1 then
	return 0
end
local time = redis.call('TIME')
local ms = string.format('%d%03d', time[1], time[2] / 1000)
store(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ms, 2)
return 1
