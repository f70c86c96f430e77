-- Moves an id from a worker's list to the head of the queue.
--
-- KEYS  the worker's list, queue
-- ARGV  id
-- Reply 1, or 0 if the id is not in the list: somebody else has moved it
if redis.call('LREM', KEYS[1], 0, ARGV[1]) == 0 then
	return 0
end
redis.call('RPUSH', KEYS[2], ARGV[1])
return 1
