-- Writes what changed of a response, if the writer still owns its job. With a terminal state as
-- last argument it also ends the job; without patches it only renews the time to live.
--
-- KEYS  response, job
-- ARGV  fence, length that the stored text must have (empty: the one patch is the whole text),
--       then for each patch its offset and its bytes, then the terminal state, if any
-- Reply 1 written
--       0 the job is gone or terminal: cancelled, deleted or expired
--       2 the stored text has another length: the whole text is needed
--       3 the job is not the writer's any more, but not terminal: it was reclaimed
local state, fence, ttl = unpack(redis.call('HMGET', KEYS[2], 'state', 'fence', 'ttl'))
if state ~= 'queued' and state ~= 'in_progress' then
	return 0
end
if state ~= 'in_progress' or fence ~= ARGV[1] then
	return 3
end
local length = redis.call('STRLEN', KEYS[1])
if length == 0 then
	return 0
end
local last = #ARGV - #ARGV % 2
if ARGV[2] == '' then
	redis.call('SET', KEYS[1], ARGV[4], 'EX', ttl)
else
	if length ~= tonumber(ARGV[2]) then
		return 2
	end
	for i = 3, last, 2 do
		redis.call('SETRANGE', KEYS[1], ARGV[i], ARGV[i + 1])
	end
	redis.call('EXPIRE', KEYS[1], ttl)
end
if last < #ARGV then
	redis.call('HSET', KEYS[2], 'state', ARGV[#ARGV])
	redis.call('HDEL', KEYS[2], 'owner', 'request')
end
redis.call('EXPIRE', KEYS[2], ttl)
return 1
