-- Notes the outcome of a call. A deployment that has failed too often in a row rests for a time, and
-- is counted anew after that. One whose provider says for how long it is to be left alone rests so
-- long, and that is no failure. All keys go by themselves when nothing is reported any more.
--
-- KEYS  as in shared/deployments.lua
-- ARGV  deployment, 1 if the call failed or 0, failures after which it rests, length of a rest (ms),
--       for how long it is to be left alone (ms), 0 if nobody has said so
-- Reply as in shared/deployments.lua, as of afterwards
-- include deployments.lua

local function rest(key, ms)
	redis.call('ZADD', key, 'GT', now + ms, ARGV[1])
	redis.call('PEXPIREAT', key, redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
end

if ARGV[5] ~= '0' then
	rest(KEYS[2], ARGV[5])
	rest(KEYS[3], ARGV[5])
elseif ARGV[2] == '0' then
	redis.call('HDEL', KEYS[1], ARGV[1])
elseif redis.call('HINCRBY', KEYS[1], ARGV[1], 1) >= tonumber(ARGV[3]) then
	redis.call('HDEL', KEYS[1], ARGV[1])
	rest(KEYS[2], ARGV[4])
end
redis.call('EXPIRE', KEYS[1], 3600)
return known()
