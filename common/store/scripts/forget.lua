-- Forgets whose a provider's response was, if it was the caller's.
--
-- KEYS  native
-- ARGV  tenant
-- Reply 1, or 0 if there is nothing of that tenant's
if redis.call('HGET', KEYS[1], 'tenant') ~= ARGV[1] then
	return 0
end
return redis.call('DEL', KEYS[1])
