-- Whether a request may be passed through, as its key has limits. If so it counts as running from
-- then on, until settle.lua, or until its relay is lost.
--
-- KEYS  shares, rates, budgets, counters, the relay's passages: as in shared
-- ARGV  the number of the passage, its tenant, its label
--       the limits, as in shared/limits.lua
--       the counter of what is refused, with the tenant, without its last label
-- Reply {1, 0, and what rates_tell() adds}, or {why not, how long to wait (ms), and that}
local call = redis.call
local shares, rates, budgets, counters, passages = unpack(KEYS)
local number, tenant, label = ARGV[1], ARGV[2], ARGV[3]
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- include limits.lua

local MAX_PARALLEL = 10
local limits = limits_read(ARGV[4], tenant)
if call('HEXISTS', passages, number) == 1 then
	return rates_tell(limits, 1, 0) -- the reply was lost, and this is the second time
end
local running = 'running\31' .. tenant
local full = limits.parallel and
	tonumber(call('HGET', shares, running) or 0) >= limits.parallel and MAX_PARALLEL
local refused, wait = limits_refuse(limits, tenant, full)
if refused then
	call('HINCRBY', counters, ARGV[5] .. '\31' .. LIMIT_NAMES[refused], '1')
	return rates_tell(limits, refused, wait)
end
rates_charge(limits, tenant)
call('HSET', passages, number, tenant .. '\31' .. label .. '\31' .. limits.reserved)
call('HINCRBY', shares, running, '1')
return rates_tell(limits, 1, 0)
