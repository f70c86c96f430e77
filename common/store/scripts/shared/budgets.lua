-- What tenants have spent: budgets, a hash, has of each that, when it begins anew (ms; 0: never), and
-- after how long (ms).
--
-- It takes call, now and budgets as locals.

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
