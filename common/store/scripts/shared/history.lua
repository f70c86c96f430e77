local HISTORY = 2000 -- bytes

-- Adds a line to a job's history, of which the last lines stay, as many as there is room for.
local function note(job, what)
	local time = redis.call('TIME')
	local now = time[1] * 1000 + math.floor(time[2] / 1000)
	local history = (redis.call('HGET', job, 'history') or '') .. now .. ' ' .. what .. '\n'
	if #history > HISTORY then
		history = history:sub(-HISTORY):gsub('^[^\n]*\n', '')
	end
	redis.call('HSET', job, 'history', history)
end
