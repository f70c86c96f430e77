-- What tenants have left of their rates. rates, a hash, has of each tenant how many thousandths of
-- requests and of tokens were left, and when (ms): "<requests> <tokens> <ms>", with "-" for what has no
-- limit. What is left grows to the limit within a minute; of tokens it may be less than none. Fractions
-- would take longer to write and to read.
--
-- It takes call and rates as locals.

-- What was used in the place of what was reserved. Something was, unless tokens have no limit.
local function rates_settle(tenant, reserved, used)
	local line = reserved > 0 and reserved ~= used and call('HGET', rates, tenant)
	local requests, kept, at = (line or ''):match('^(%S+) (%S+) (%d+)$')
	if tonumber(kept) then
		call('HSET', rates, tenant, string.format('%s %d %s', requests,
			kept + (reserved - used) * 1000, at))
	end
end
