-- Puts another text in the place of a response that has no job here, if nobody else was faster.
--
-- KEYS  response
-- ARGV  the text that must be stored now, the new text, ttl (s)
-- Reply 1, or 0 if something else is stored
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
	return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
