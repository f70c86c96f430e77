-- Stores a new response and its job. The id is queued afterwards, by enqueue.lua.
--
-- KEYS  response, job, and events if the response is streamed
-- ARGV  object, ttl (s), then the fields of the job and their values in turn; then the first event,
--       if the response is streamed
-- Reply 1, or 0 if the response exists already
local call = redis.call
if not call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX') then
	return 0
end
local last = #ARGV
if KEYS[3] then
	call('RPUSH', KEYS[3], ARGV[last])
	call('EXPIRE', KEYS[3], ARGV[2])
	last = last - 1
end
local time = call('TIME')
call('HSET', KEYS[2], 'state', 'queued', 'ttl', ARGV[2], 'fence', '0', 'attempts', '0',
	'created', string.format('%d%03d', time[1], time[2] / 1000), unpack(ARGV, 3, last))
call('EXPIRE', KEYS[2], ARGV[2])
return 1
