-- What tenants have left, and what they have spent.
--
-- rates, a hash, has of each tenant how many requests and how many tokens are left, each with the time
-- (ms) at which they were: "<requests> <ms> <tokens> <ms>", with "-" for what has no limit. What is
-- left grows to the limit within a minute; of tokens it may be less than none. budgets, another one,
-- has what a tenant has spent, when that begins anew (ms; 0: never), and after how long (ms).
--
-- It takes call, now, rates and budgets as locals.

-- What was used in the place of what was reserved. Something was, unless tokens have no limit.
local function rates_settle(tenant, reserved, used)
	local line = reserved > 0 and reserved ~= used and call('HGET', rates, tenant)
	local requests, kept, at = (line or ''):match('^(%S+ %S+) (%S+) (%S+)$')
	if tonumber(kept) then
		call('HSET', rates, tenant, string.format('%s %.3f %s', requests,
			kept + reserved - used, at))
	end
end

-- What has been spent, when that begins anew, and after how long; as of now.
local function budget_read(tenant)
	local line = call('HGET', budgets, tenant)
	local spent, ends, every = (line or ''):match('^(%S+) (%d+) (%d+)$')
	spent, ends, every = tonumber(spent), tonumber(ends), tonumber(every)
	if spent and ends ~= 0 and now >= ends then
		spent, ends = 0, now + every
	end
	return spent, ends, every
end

local function budget_write(tenant, spent, ends, every)
	call('HSET', budgets, tenant, string.format('%.12g %d %d', spent, ends, every))
end
