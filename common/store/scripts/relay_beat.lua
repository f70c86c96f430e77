-- Extends a relay's lease, notes what it says of itself, and adds what it has counted; or takes it
-- out, when it ends. Time is the server's.
--
-- What relays hold that are lost is given back.
--
-- KEYS  relays (sorted set: relay, end of its lease in ms), relays about (hash), counters (hash)
--       queue, shares, seats, lines, turns, passes, index about, rates, budgets: as in enqueue.lua
--       the use of this day, as in shared/usage.lua
-- ARGV  relay, length of a lease (ms; 0: it ends), how many answers it holds open, what it says of
--       itself that stays the same
--       what it has counted, and the time (ms) of its last beat that it knows to have been made, or
--       0; both as in beat.lua. Behind what it has counted is what was used without a limit having
--       been asked for: of each tenant and label these, a tab, how many requests, how many of them
--       failed and were cancelled, what they have used, as in shared/usage.lua, and a line's end
-- Reply the time of this beat (ms)
local call = redis.call
local FORGOTTEN = 300000 -- ms after the end of its lease
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local relays, queue, shares, seats, lines, turns, passes, index_about, rates, budgets, usage =
	KEYS[1], unpack(KEYS, 4, 13)
-- include shares.lua
-- include rates.lua
-- include usage.lua
-- include passages.lua

local record = call('HGET', KEYS[2], ARGV[1])
local last = record and tonumber(record:match('^%d+ (%d+)')) or 0
local known = tonumber(ARGV[6])
local beat = math.max(now, last + 1, known + 1)
if last <= known then
	for counter, number in ARGV[5]:gmatch('([^\t\n]+)\t(%d+)\n') do
		call('HINCRBY', KEYS[3], counter, number)
	end
	for tenant, label, requests, failed, cancelled, use in ARGV[5]:gmatch(
		'([^\31\t\n]*)\31([^\t\n]*)\t(%d+) (%d+) (%d+) (%S+)\n') do
		note_use(tenant, label, requests, failed, cancelled, use)
	end
end

if ARGV[2] == '0' then
	give_back_passages(relays, ARGV[1], math.huge)
	call('ZREM', KEYS[1], ARGV[1])
	call('HDEL', KEYS[2], ARGV[1])
	return beat
end
call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
call('HSET', KEYS[2], ARGV[1],
	string.format('%s %d %s', ARGV[3], beat, ARGV[4]))
give_back_lost_passages(relays)
for _, lost in ipairs(call('ZRANGEBYSCORE', KEYS[1], '-inf', now - FORGOTTEN, 'LIMIT', 0, 16)) do
	if not holds_passages(relays, lost) then
		call('ZREM', KEYS[1], lost)
		call('HDEL', KEYS[2], lost)
	end
end
return beat
