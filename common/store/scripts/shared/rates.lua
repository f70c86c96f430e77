-- What tenants have left of their rates. rates, a hash, has of each tenant how many requests and how
-- many tokens are left, each with the time (ms) at which they were: "<requests> <ms> <tokens> <ms>",
-- with "-" for what has no limit. What is left grows to the limit within a minute; of tokens it may be
-- less than none.
--
-- It takes call and rates as locals.

-- What was used in the place of what was reserved. Something was, unless tokens have no limit.
local function rates_settle(tenant, reserved, used)
	local line = reserved > 0 and reserved ~= used and call('HGET', rates, tenant)
	local requests, kept, at = (line or ''):match('^(%S+ %S+) (%S+) (%S+)$')
	if tonumber(kept) then
		call('HSET', rates, tenant, string.format('%s %.3f %s', requests,
			kept + reserved - used, at))
	end
end
