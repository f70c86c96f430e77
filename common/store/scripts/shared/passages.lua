-- Requests that are passed through: a relay has in a hash of its own, by a number, whose each is that
-- counts against a key's limits: its tenant, its label, and how many tokens are reserved for it.
--
-- It takes what shares.lua, limits.lua and usage.lua have.

-- Gives back what a relay holds that is lost, or ends.
local function give_back_passages(relays, relay)
	local key = relays:sub(1, -7) .. 'passages:' .. relay
	local held = call('HVALS', key)
	for _, whose in ipairs(held) do
		local tenant, label, reserved = whose:match('^([^\31]*)\31([^\31]*)\31(%d+)$')
		stand_up(tenant)
		rates_settle(tenant, tonumber(reserved), 0)
		note_use(tenant, label, 1, 1, 0, '')
	end
	if held[1] then
		call('DEL', key)
	end
end

-- The same of those whose leases have ended, of a few at a time.
local function give_back_lost_passages(relays)
	for _, relay in ipairs(call('ZRANGEBYSCORE', relays, '-inf', now, 'LIMIT', 0, 16)) do
		give_back_passages(relays, relay)
	end
end
