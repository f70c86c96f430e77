-- Writes what changed of a response, if the writer still owns its job. With a terminal state as
-- last argument it also ends the job; without patches it only renews the time to live.
--
-- KEYS  response, job
-- ARGV  fence, then either
--         "<length> <writes>": what the stored text must be, by its length and by the number of
--         writes since the claim (one that a failover has lost may have kept the length); for each
--         patch its offset and its bytes
--       or
--         "", the number of writes including this one, the whole text
--       then the terminal state, if any
-- Reply 1 written
--       0 the job is gone or terminal: cancelled, deleted or expired
--       2 the stored text is not what the writer thinks: the whole text is needed
--       3 the job is not the writer's any more, but not terminal: it was reclaimed
local state, fence, ttl, writes =
	unpack(redis.call('HMGET', KEYS[2], 'state', 'fence', 'ttl', 'writes'))
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
	redis.call('HSET', KEYS[2], 'writes', ARGV[3])
else
	if length .. ' ' .. (writes or '') ~= ARGV[2] then
		return 2
	end
	redis.call('HINCRBY', KEYS[2], 'writes', 1)
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
