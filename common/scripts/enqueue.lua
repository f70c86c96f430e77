-- Queues an id unless too many wait already.
--
-- KEYS  queue
-- ARGV  id, how many may wait
-- Reply 1, or 0 if the queue is full
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[2]) then
	return 0
end
redis.call('LPUSH', KEYS[1], ARGV[1])
return 1
