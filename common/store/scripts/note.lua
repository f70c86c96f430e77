-- Notes in the history of a job that its request was sent again.
--
-- KEYS  job
-- ARGV  fence, why
-- Reply 1, or 0 if the job is not the caller's any more
local HISTORY = 2000 -- bytes

-- The last lines, as many as there is room for.
local function note(job, what)
	local time = redis.call('TIME')
	local now = time[1] * 1000 + math.floor(time[2] / 1000)
	local history = (redis.call('HGET', job, 'history') or '') .. now .. ' ' .. what .. '\n'
	if #history > HISTORY then
		history = history:sub(-HISTORY):gsub('^[^\n]*\n', '')
	end
	redis.call('HSET', job, 'history', history)
end

local state, fence = unpack(redis.call('HMGET', KEYS[1], 'state', 'fence'))
if state ~= 'in_progress' or fence ~= ARGV[1] then
	return 0
end
note(KEYS[1], 'retry ' .. ARGV[2])
return 1
