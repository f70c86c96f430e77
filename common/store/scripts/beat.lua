-- Extends a worker's lease and names workers whose lease has ended. Time is the server's, so that
-- the clocks of the machines need not agree.
--
-- KEYS  workers (sorted set: worker, end of its lease in ms)
-- ARGV  worker, length of a lease (ms)
-- Reply the names of at most 16 workers
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 16)
