-- Counts something in its minute; time is TIME's reply. The first one of a minute removes what is
-- older than an hour. Numbers are written as text, as Redis takes five times as long to do it.
local function count_minute(minutes, time, what)
	local field = string.format('%d %s', time[1] / 60, what)
	if redis.call('HINCRBY', minutes, field, '1') > 1 then
		return
	end
	for _, other in ipairs(redis.call('HKEYS', minutes)) do
		if other:match('^%d+') * 60 <= time[1] - 3600 then
			redis.call('HDEL', minutes, other)
		end
	end
end
