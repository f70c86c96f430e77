-- Reads events of a streamed response, and with the last of them how it has ended.
--
-- KEYS  response, job, events
-- ARGV  the number of the first event to read, the most bytes of events, unless the first alone has
--       more
-- Reply {how many events are stored, state, object, array of events}; the object is null unless the
--       state is terminal and no event is stored behind these
--       {} there is no such response, or it has no events
local state, streamed = unpack(redis.call('HMGET', KEYS[2], 'state', 'streamed'))
local stored = redis.call('LLEN', KEYS[3])
if not streamed or stored == 0 or redis.call('EXISTS', KEYS[1]) == 0 then
	return {}
end
local next, room = math.max(0, ARGV[1]), tonumber(ARGV[2])
local page, full = {}, false
while next < stored and not full do
	-- A few at a time, as they may be large.
	for _, event in ipairs(redis.call('LRANGE', KEYS[3], next, next + 15)) do
		room = room - #event
		full = room < 0 and page[1] ~= nil
		if full then
			break
		end
		page[#page + 1] = event
		next = next + 1
	end
end
local ended = state ~= 'queued' and state ~= 'in_progress' and next >= stored
return {stored, state, ended and redis.call('GET', KEYS[1]), page}
