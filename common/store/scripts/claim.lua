-- Makes a worker the owner of a job. Each claim gets a higher fence than the one before; whoever
-- writes must show the fence of the last claim, so an owner that was replaced can write nothing. It
-- is made of the time, so that a claim that a failover has lost is not followed by one of the same
-- fence.
--
-- A job that this worker owns already is claimed again, within the same attempt: the reply to its
-- first claim was lost. How long a job has waited is how old it was at the first claim of all.
--
-- KEYS  response, job, events
-- ARGV  worker, offset of the status slot, the status slot for "in_progress"
-- Reply {fence, attempts, model, request, input, object, context, deployment, stays, headers,
--       tenant, age (ms), waited (ms), request id}; null for a field that the job does not have,
--       and for input and context if the request has them. stays is there if it follows a
--       provider's response, too.
--       If it is streamed, then how many events are stored, and if that is more than the first, an
--       array of them all
--       {owner} if it is another worker's: the id stays in the list, to be looked at again
--       the job's state if that is terminal, as in shared/ended.lua, and {} if it is gone: its id is
--       to be dropped
-- include ended.lua

local state, owner, ttl, created, waited =
	unpack(redis.call('HMGET', KEYS[2], 'state', 'owner', 'ttl', 'created', 'waited'))
if state and state ~= 'queued' and state ~= 'in_progress' then
	return ended(KEYS[2], state)
end
if not state or redis.call('EXISTS', KEYS[1]) == 0 then
	return {}
end
if state == 'in_progress' and owner ~= ARGV[1] then
	return {owner}
end
redis.call('HSET', KEYS[2], 'state', 'in_progress', 'owner', ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fence = math.max(redis.call('HGET', KEYS[2], 'fence') + 1, now)
local age = math.max(now - (created or now), 0)
waited = waited or string.format('%d', age)
local shown = string.format('%d', fence) -- as Redis takes five times as long to write a number
redis.call('HSET', KEYS[2], 'fence', shown, 'writes', shown .. ' 0', 'waited', waited)
local attempts = redis.call('HINCRBY', KEYS[2], 'attempts', state == 'queued' and 1 or 0)
redis.call('SETRANGE', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ttl)
redis.call('EXPIRE', KEYS[2], ttl)
local model, request, input, context, deployment, follows, stays, headers, tenant, request_id,
	request_has_input, streamed = unpack(redis.call('HMGET', KEYS[2], 'model', 'request',
		'input', 'context', 'deployment', 'follows', 'stays', 'headers', 'tenant',
		'request_id', 'request_has_input', 'streamed'))
if request_has_input then
	input, context = false, false
end
local told, events
if streamed then
	redis.call('EXPIRE', KEYS[3], ttl)
	told = redis.call('LLEN', KEYS[3])
	events = told > 1 and redis.call('LRANGE', KEYS[3], 0, -1) or nil
end
return {fence, attempts, model, request, input, redis.call('GET', KEYS[1]), context, deployment,
	follows or stays, headers, tenant, age, tonumber(waited), request_id, told, events}
