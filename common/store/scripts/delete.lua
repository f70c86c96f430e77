-- Removes a response and its job, and tells the worker that streams it, by "<id> deleted", and the
-- readers of its events.
--
-- KEYS  response, job, events, request
-- ARGV  tenant, cancel channel, id, and by what our objects are known: an offset, the text there
-- Reply 1 removed, and it had no job: another program wrote it
--       2 removed: it can be taken out of the index and the count
--       {3, model, request id, age (ms), attempts} removed, and it was queued: its id can be taken
--         out of the queue, too
--       0 there is no such response, or it is another tenant's, or one of ours whose job was
--         evicted, so that nobody can say whose it is
if redis.call('EXISTS', KEYS[1]) == 0 then
	return 0
end
local state, tenant, streamed, model, request_id, created, attempts = unpack(redis.call('HMGET',
	KEYS[2], 'state', 'tenant', 'streamed', 'model', 'request_id', 'created', 'attempts'))
local ours = redis.call('GETRANGE', KEYS[1], ARGV[4], ARGV[4] + #ARGV[5] - 1) == ARGV[5]
if (state or ours) and tenant ~= ARGV[1] then
	return 0
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[4])
if streamed then
	redis.call('DEL', KEYS[3])
	redis.pcall('PUBLISH', KEYS[3], 'gone\n')
end
if state == 'in_progress' then
	-- a hint: the owner's next write tells it as well
	redis.pcall('PUBLISH', ARGV[2], ARGV[3] .. ' deleted')
end
if state ~= 'queued' then
	return state and 2 or 1
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return {3, model, request_id or '', now - (created or now), tonumber(attempts or 0)}
