-- Notes the outcome of a call. A deployment that has failed too often in a row rests for a time, and
-- is counted anew after that. Both keys go by themselves when nothing is reported any more.
--
-- KEYS  failures, resting: as in health.lua
-- ARGV  deployment, 1 if the call failed or 0, failures after which it rests, length of a rest (ms)
-- Reply as that of health.lua, as of afterwards
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == '0' then
	redis.call('HDEL', KEYS[1], ARGV[1])
elseif redis.call('HINCRBY', KEYS[1], ARGV[1], 1) >= tonumber(ARGV[3]) then
	redis.call('HDEL', KEYS[1], ARGV[1])
	redis.call('ZADD', KEYS[2], now + ARGV[4], ARGV[1])
end
redis.call('EXPIRE', KEYS[1], 3600)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
if last[2] then
	redis.call('PEXPIREAT', KEYS[2], last[2])
end
return {redis.call('ZRANGE', KEYS[2], 0, -1), redis.call('HKEYS', KEYS[1])}
