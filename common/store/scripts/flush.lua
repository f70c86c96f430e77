-- Writes what changed of a response, and the events that tell of it, if the writer still owns its
-- job. With a terminal state it also ends the job; without patches it only renews the time to live.
--
-- Of all commands this is the one that is sent most, and the two keys would be half of it. So only
-- one is named; the other stands in it between the braces, and so is in the same cluster slot.
--
-- KEYS  job, and events if the response is streamed
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
--       then, if the response is streamed, the number of the first event that the writer does not
--       know to be stored, and these events, one behind the other, each with its blank line; those
--       that are stored all the same are skipped
-- Reply 1 written
--       0 the job is gone or terminal: cancelled, deleted or expired
--       2 the stored text is not what the writer thinks: the whole text is needed
--       3 the job is not the writer's any more, but not terminal: it was reclaimed
--       4 events before the first one are not stored any more: a failover has lost them
--       With any but 1, nothing is written, neither text nor events. What was written and is sent
--       again, with the whole text, changes nothing.
--
-- To the readers goes a line, "<first> <count>" of the events and " ended" with a terminal state,
-- and behind it the events, unless these are so many that they had better be read.
local shown, changed, slots = ARGV[1]:match('^(%d+)( ?)(.*)$')
local state, fence, ttl, writes =
	unpack(redis.call('HMGET', KEYS[1], 'state', 'fence', 'ttl', 'writes'))
if state ~= 'queued' and state ~= 'in_progress' then
	return 0
end
if state ~= 'in_progress' or fence ~= shown then
	return 3
end
local response = KEYS[1]:match(':polling:job:{(.*)}$')
local length = redis.call('STRLEN', response)
if length == 0 then
	return 0
end
local count, events = #ARGV, KEYS[2]
local first, stored
if events then
	count = count - 2
	first, stored = tonumber(ARGV[count + 1]), redis.call('LLEN', events)
	if stored < first then
		return 4
	end
end
local last = count - count % 2
if ARGV[2] ~= '' and length .. ' ' .. (writes or '') ~= ARGV[2] then
	return 2
end
local ending = last < count
if ending then
	ttl = math.min(ttl, redis.call('HGET', KEYS[1], 'unstored_ttl') or ttl)
end
if ARGV[2] == '' then
	redis.call('SET', response, ARGV[4], 'EX', ttl)
	redis.call('HSET', KEYS[1], 'writes', ARGV[3])
else
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
if ending then
	local ended, deployment = ARGV[count]:match('^(%S+) ?(.*)$')
	redis.call('HSET', KEYS[1], 'state', ended)
	if deployment ~= '' then
		redis.call('HSET', KEYS[1], 'deployment', deployment)
	end
	redis.call('HDEL', KEYS[1], 'owner', 'request', 'slots')
end
redis.call('EXPIRE', KEYS[1], ttl)
if not events then
	return 1
end

local published = 65536
local text, number, new, from = ARGV[count + 2], first, {}, 1
local _, to = text:find('\n\n', 1, true)
while to do
	if number >= stored then
		new[#new + 1] = text:sub(from, to)
	end
	number, from = number + 1, to + 1
	_, to = text:find('\n\n', from, true)
end
for i = 1, #new, 1000 do -- unpack() and commands have their limits
	redis.call('RPUSH', events, unpack(new, i, math.min(i + 999, #new)))
end
redis.call('EXPIRE', events, ttl)
if number > first or ending then
	redis.pcall('PUBLISH', events, first .. ' ' .. number - first ..
		(ending and ' ended\n' or '\n') .. (#text <= published and text or ''))
end
return 1
