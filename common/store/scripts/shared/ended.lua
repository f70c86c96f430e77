-- A terminal state as drop.lua is told of it: with what was used behind a blank, if that is known.
local function ended(job, state)
	local use = redis.call('HGET', job, 'use')
	return use and state .. ' ' .. use or state
end
