-- Stores a new response and its job, which was created at ms. From ARGV[at] on are the object, then
-- the fields of the job and their values in turn; then the first event, if there is a key for it.
local function store(response, job, events, ttl, ms, at)
	local last = #ARGV
	if events then
		redis.call('RPUSH', events, ARGV[last])
		redis.call('EXPIRE', events, ttl)
		last = last - 1
	end
	redis.call('SET', response, ARGV[at], 'EX', ttl)
	redis.call('HSET', job, 'state', 'queued', 'ttl', ttl, 'fence', '0', 'attempts', '0',
		'created', ms, unpack(ARGV, at + 1, last))
	redis.call('EXPIRE', job, ttl)
end
