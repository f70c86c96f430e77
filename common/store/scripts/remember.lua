-- Notes whose a provider's response is. A provider may name an id that it gave to somebody else, or
-- one that the client has chosen: what another tenant has made stays that tenant's.
--
-- KEYS  native
-- ARGV  tenant, deployment, model, ttl (s)
-- Reply 1, or 0 if it is another tenant's
local owner = redis.call('HGET', KEYS[1], 'tenant')
if owner and owner ~= ARGV[1] then
	return 0
end
redis.call('HSET', KEYS[1], 'tenant', ARGV[1], 'deployment', ARGV[2], 'model', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
