-- What is known of the deployments. Time is the server's, so that the clocks of the machines need not
-- agree.
--
-- KEYS  failures (hash: deployment, how often it has failed in a row)
--       resting (sorted set: deployment, end of its rest in ms)
--       limited (likewise, of those that rest as their providers have told how long)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Reply {names of those that rest, names of those that have failed, of those that are limited the name
--       and how long still (ms), in turn}
local function known()
	redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
	redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
	local limited = redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')
	for i = 2, #limited, 2 do
		limited[i] = limited[i] - now
	end
	return {redis.call('ZRANGE', KEYS[2], 0, -1), redis.call('HKEYS', KEYS[1]), limited}
end
