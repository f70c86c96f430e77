-- Cancels a response unless it is terminal already, and tells the worker that streams it and the
-- readers of its events.
--
-- KEYS  response, job, events
-- ARGV  tenant, offset of the status slot, the status slot for "cancelled", cancel channel, id,
--       the status slots for "in_progress" and "incomplete"
-- Reply {1, object} it was terminal already
--       {3, object afterwards, ttl (s), model, request id, age (ms), attempts}
--             it was queued: its id can be taken out of the queue
--       {4, object afterwards, ttl (s)} it was running
--       {2, object} nothing done: the object has no job, another program wrote it
--       {} no such response, or another tenant's
local object = redis.call('GET', KEYS[1])
if not object then
	return {}
end
local state, tenant, ttl, slots, streamed, unstored_ttl, model, request_id, created, attempts =
	unpack(redis.call('HMGET', KEYS[2], 'state', 'tenant', 'ttl', 'slots', 'streamed',
		'unstored_ttl', 'model', 'request_id', 'created', 'attempts'))
if not state then
	return {2, object}
end
if tenant ~= ARGV[1] then
	return {}
end
if state ~= 'queued' and state ~= 'in_progress' then
	return {1, object}
end
redis.call('SETRANGE', KEYS[1], ARGV[2], ARGV[3])
for slot in (slots or ''):gmatch('%d+') do
	if redis.call('GETRANGE', KEYS[1], slot, slot + #ARGV[6] - 1) == ARGV[6] then
		redis.call('SETRANGE', KEYS[1], slot, ARGV[7])
	end
end
redis.call('HSET', KEYS[2], 'state', 'cancelled')
redis.call('HDEL', KEYS[2], 'owner', 'request', 'headers', 'slots')
ttl = math.min(ttl, unstored_ttl or ttl)
redis.call('EXPIRE', KEYS[1], ttl)
redis.call('EXPIRE', KEYS[2], ttl)
if streamed then
	redis.call('EXPIRE', KEYS[3], ttl)
	redis.pcall('PUBLISH', KEYS[3], redis.call('LLEN', KEYS[3]) .. ' 0 ended\n')
end
redis.pcall('PUBLISH', ARGV[4], ARGV[5]) -- a hint: the owner's next write tells it as well
object = redis.call('GET', KEYS[1])
if state == 'in_progress' then
	return {4, object, tonumber(ttl)}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
return {3, object, tonumber(ttl), model, request_id or '', now - (created or now),
	tonumber(attempts or 0)}
