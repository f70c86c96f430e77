-- Notes what a request that was admitted by admit.lua has used, and that it is over.
--
-- KEYS  queue, shares, seats, lines, turns, passes, index about, rates, budgets, the relay's
--       passages, the use of this day: as in shared
-- ARGV  the number of the passage
--       its tenant, its label
--       1 if it has failed, or 0; 1 if the client has left, or 0
--       what it has used, as in shared/usage.lua
-- Reply 1, or 0 if it was settled already
local call = redis.call
local queue, shares, seats, lines, turns, passes, index_about, rates, budgets, passages, usage =
	unpack(KEYS)
local number, tenant, label, failed, cancelled, use = unpack(ARGV)
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- include rates.lua
-- include usage.lua
-- include shares.lua
-- include turns.lua

local whose = call('HGET', passages, number)
if not whose then
	return 0
end
call('HDEL', passages, number)
local input, output = use_read(use)
rates_settle(tenant, tonumber(whose:match('%d+$')), input + output)
stand_up(tenant)
give_turns(1)
note_use(tenant, label, 1, failed, cancelled, use)
return 1
