-- Writes what changed of a response, if the writer still owns its job. With a terminal state as
-- last argument it also ends the job; without patches it only renews the time to live.
--
-- Of all commands this is the one that is sent most, and the two keys would be half of it. So only
-- one is named; the other stands in it between the braces, and so is in the same cluster slot.
--
-- KEYS  job
-- ARGV  fence; behind a blank, if they have changed, the offsets of the status slots of items in
--       progress, separated by blanks: cancel.lua writes there
--       then either
--         "<length> <writes>": what the stored text must be, by its length and by the number of
--         writes since the claim (one that a failover has lost may have kept the length), not
--         counting those without patches; for each patch its offset and its bytes
--       or
--         "", the number of writes including this one, the whole text
--       then the terminal state, if any, and behind a blank the deployment that has answered, if
--       that is known: a response that continues this one begins there
-- Reply 1 written
--       0 the job is gone or terminal: cancelled, deleted or expired
--       2 the stored text is not what the writer thinks: the whole text is needed
--       3 the job is not the writer's any more, but not terminal: it was reclaimed
local shown, changed, slots = ARGV[1]:match('^(%d+)( ?)(.*)$')
local state, fence, ttl, writes =
	unpack(redis.call('HMGET', KEYS[1], 'state', 'fence', 'ttl', 'writes'))
if state ~= 'queued' and state ~= 'in_progress' then
	return 0
end
if state ~= 'in_progress' or fence ~= shown then
	return 3
end
local response = KEYS[1]:match('{(.*)}')
local length = redis.call('STRLEN', response)
if length == 0 then
	return 0
end
local last = #ARGV - #ARGV % 2
if ARGV[2] == '' then
	redis.call('SET', response, ARGV[4], 'EX', ttl)
	redis.call('HSET', KEYS[1], 'writes', ARGV[3])
else
	if length .. ' ' .. (writes or '') ~= ARGV[2] then
		return 2
	end
	if last > 2 then
		redis.call('HINCRBY', KEYS[1], 'writes', 1)
	end
	for i = 3, last, 2 do
		redis.call('SETRANGE', response, ARGV[i], ARGV[i + 1])
	end
	redis.call('EXPIRE', response, ttl)
end
if changed ~= '' then
	redis.call('HSET', KEYS[1], 'slots', slots)
end
if last < #ARGV then
	local ended, deployment = ARGV[#ARGV]:match('^(%S+) ?(.*)$')
	redis.call('HSET', KEYS[1], 'state', ended)
	if deployment ~= '' then
		redis.call('HSET', KEYS[1], 'deployment', deployment)
	end
	redis.call('HDEL', KEYS[1], 'owner', 'request', 'slots')
end
redis.call('EXPIRE', KEYS[1], ttl)
return 1
