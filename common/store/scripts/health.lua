-- What is known of the deployments. Time is the server's, so that the clocks of the machines need
-- not agree.
--
-- KEYS  failures (hash: deployment, how often it has failed in a row)
--       resting (sorted set: deployment, end of its rest in ms)
-- Reply {names of those that rest, names of those that have failed}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
return {redis.call('ZRANGE', KEYS[2], 0, -1), redis.call('HKEYS', KEYS[1])}
