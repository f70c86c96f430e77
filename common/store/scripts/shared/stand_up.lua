-- It takes what shares.lua takes, and what seats.lua has.

-- A tenant has one less running. Returns whether anybody stands in a line.
local function stand_up(tenant)
	local running, limits, waiting = unpack(call('HMGET', shares, 'running\31' .. tenant,
		'limits\31' .. tenant, 'waiting'))
	running = tonumber(running or 0)
	if running <= 1 then
		call('HDEL', shares, 'running\31' .. tenant)
	else
		call('HINCRBY', shares, 'running\31' .. tenant, '-1')
	end
	if waiting and running == read_limits(limits) then
-- include lines.lua
		unblock(tenant)
	end
	return waiting
end
