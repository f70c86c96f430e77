-- Removes a response and its job, and tells the worker that streams it.
--
-- KEYS  response, job
-- ARGV  tenant, cancel channel, id
-- Reply 1, or 0 if there is no such response, or it is another tenant's
if redis.call('EXISTS', KEYS[1]) == 0 then
	return 0
end
local state, tenant = unpack(redis.call('HMGET', KEYS[2], 'state', 'tenant'))
if state and tenant ~= ARGV[1] then
	return 0
end
redis.call('DEL', KEYS[1], KEYS[2])
if state == 'in_progress' then
	redis.call('PUBLISH', ARGV[2], ARGV[3])
end
return 1
