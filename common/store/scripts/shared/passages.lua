-- Requests that are passed through: a relay has in a hash of its own, by a number, whose each is that
-- counts against a key's limits: its tenant, its label, and how many tokens are reserved for it.
--
-- It takes what shares.lua, rates.lua and usage.lua have.
local GIVEN_BACK = 500 -- of lost relays at once
local LOST_RELAYS = 256 -- that are looked at; most hold nothing

local function passages_of(relays, relay)
	return relays:sub(1, -7) .. 'passages:' .. relay
end

-- Gives back what a relay holds that is lost, or ends: so many at most. Returns how many.
local function give_back_passages(relays, relay, most)
	local key = passages_of(relays, relay)
	local held = call('HGETALL', key)
	local count = math.min(most, #held / 2)
	for i = 1, 2 * count, 2 do
		local tenant, label, reserved = held[i + 1]:match('^([^\31]*)\31([^\31]*)\31(%d+)$')
		stand_up(tenant)
		rates_settle(tenant, tonumber(reserved), 0)
		note_use(tenant, label, 1, 1, 0, '')
		call('HDEL', key, held[i])
	end
	return count
end

-- The same of those whose leases have ended.
local function give_back_lost_passages(relays)
	local left = GIVEN_BACK
	local lost = call('ZRANGEBYSCORE', relays, '-inf', now, 'LIMIT', 0, LOST_RELAYS)
	for _, relay in ipairs(lost) do
		if left > 0 then
			left = left - give_back_passages(relays, relay, left)
		end
	end
end

-- Whether a relay that is lost can be forgotten.
local function holds_passages(relays, relay)
	return call('EXISTS', passages_of(relays, relay)) == 1
end
