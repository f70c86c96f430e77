-- Extends a relay's lease, notes what it says of itself, and adds what it has counted; or takes it
-- out, when it ends. Time is the server's.
--
-- KEYS  relays (sorted set: relay, end of its lease in ms), relays about (hash), counters (hash)
-- ARGV  relay, length of a lease (ms; 0: it ends), how many answers it holds open, what it says of
--       itself that stays the same
--       what it has counted, and the time (ms) of its last beat that it knows to have been made, or
--       0; both as in beat.lua
-- Reply the time of this beat (ms)
local FORGOTTEN = 300000 -- ms after the end of its lease
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('HGET', KEYS[2], ARGV[1])
local last = record and tonumber(record:match('^%d+ (%d+)')) or 0
local known = tonumber(ARGV[6])
local beat = math.max(now, last + 1, known + 1)
if last <= known then
	for counter, number in ARGV[5]:gmatch('([^\t\n]+)\t(%d+)\n') do
		redis.call('HINCRBY', KEYS[3], counter, number)
	end
end

if ARGV[2] == '0' then
	redis.call('ZREM', KEYS[1], ARGV[1])
	redis.call('HDEL', KEYS[2], ARGV[1])
	return beat
end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1],
	string.format('%s %d %s', ARGV[3], beat, ARGV[4]))
local lost = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - FORGOTTEN, 'LIMIT', 0, 16)
if lost[1] then
	redis.call('ZREM', KEYS[1], unpack(lost))
	redis.call('HDEL', KEYS[2], unpack(lost))
end
return beat
