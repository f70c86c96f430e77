-- Notes in usage, a hash of one day, what a tenant has used of what a label stands for: a line of how
-- many requests, how many of them failed and were cancelled, tokens of input and of output, and the
-- cost. use is "<input>,<output>,<cost>", or "" if nobody knows.
--
-- It takes call and usage as locals, and what budgets.lua takes.
local USAGE_SECONDS = 400 * 24 * 3600

local function use_read(use)
	local input, output, cost = use:match('^(%d+),(%d+),(%S+)$')
	return tonumber(input) or 0, tonumber(output) or 0, tonumber(cost) or 0
end

local function note_use(tenant, label, requests, failed, cancelled, use)
	local whose, input, output, cost = tenant .. '\31' .. label, use_read(use)
	local line = call('HGET', usage, whose)
	local a, b, c, d, e, f = (line or '0 0 0 0 0 0'):match(
		'^(%d+) (%d+) (%d+) (%d+) (%d+) (%S+)$')
	call('HSET', usage, whose, string.format('%d %d %d %d %d %.12g', a + requests, b + failed,
		c + cancelled, d + input, e + output, f + cost))
	if not line then
		call('EXPIRE', usage, USAGE_SECONDS)
	end
	if cost > 0 then
-- include budgets.lua
		local spent, ends, every = budget_read(tenant)
		if spent then
			budget_write(tenant, spent + cost, ends, every)
		end
	end
end
